import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, OverlayDrawer } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react'

interface Props {
  open: boolean
  title: ReactNode
  onClose: () => void
  actions?: ReactNode
  children: ReactNode
}

/** Details beside a list; the list stays usable, Escape closes from either. */
export function SidePanel({ open, title, onClose, actions, children }: Props) {
  useFocusBack(open)
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    if (!open) return
    const onKey = (event: KeyboardEvent) => {
      // The panel answers for itself; a menu or the editor uses Escape for its own.
      if (event.key === 'Escape' && !event.defaultPrevented && (event.target as HTMLElement).closest('[role=row],[role=treeitem],.react-flow__node')) close.current()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [open])
  return (
    <OverlayDrawer
      position="end"
      size="medium"
      modalType="non-modal"
      className="side-panel"
      open={open}
      onOpenChange={(_, data) => !data.open && onClose()}
    >
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" aria-label="Close the panel" icon={<DismissRegular />} onClick={onClose} />}
        >
          {title}
        </DrawerHeaderTitle>
        {actions && <div className="panel-links">{actions}</div>}
      </DrawerHeader>
      {/* What scrolls must be reachable by keys. */}
      <DrawerBody tabIndex={0}>{children}</DrawerBody>
    </OverlayDrawer>
  )
}

const inPanel = (element: Element | null): boolean => element?.closest('.side-panel') != null

/** A panel that closes gives the keyboard back to the row that it told of. */
function useFocusBack(open: boolean): void {
  const last = useRef<HTMLElement>(null)
  useEffect(() => {
    const note = ({ target }: FocusEvent) => {
      if (target instanceof HTMLElement && !inPanel(target)) last.current = target
    }
    document.addEventListener('focusin', note)
    return () => document.removeEventListener('focusin', note)
  }, [])
  useLayoutEffect(() => {
    // Whoever clicked elsewhere keeps that.
    if (!open && inPanel(document.activeElement)) last.current?.focus({ preventScroll: true })
  }, [open])
}
