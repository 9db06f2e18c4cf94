import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, OverlayDrawer } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'

interface Props {
  open: boolean
  title: ReactNode
  onClose: () => void
  actions?: ReactNode
  children: ReactNode
}

/** Details beside a list; the list stays usable with Escape. */
export function SidePanel({ open, title, onClose, actions, children }: Props) {
  return (
    <OverlayDrawer
      position="end"
      size="medium"
      modalType="non-modal"
      className="side-panel"
      open={open}
      onOpenChange={(_, data) => !data.open && onClose()}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" aria-label="Close the panel" icon={<DismissRegular />} onClick={onClose} />}
        >
          {title}
        </DrawerHeaderTitle>
        {actions && <div className="panel-links">{actions}</div>}
      </DrawerHeader>
      <DrawerBody>{children}</DrawerBody>
    </OverlayDrawer>
  )
}
