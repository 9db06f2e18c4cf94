import { Button, Tooltip } from '@fluentui/react-components'
import { CheckmarkRegular, CopyRegular, DismissRegular } from '@fluentui/react-icons'
import { useEffect, useState } from 'react'
import { copyText } from '../lib/clipboard'

/** A button that copies a text and says so. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState<'Copied' | 'The browser refused to copy'>()
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(undefined), 2000)
    return () => clearTimeout(timer)
  }, [done])
  return (
    <Tooltip content={done ?? label} relationship="label">
      <Button
        appearance="subtle"
        size="small"
        icon={done === 'Copied' ? <CheckmarkRegular /> : done ? <DismissRegular /> : <CopyRegular />}
        onClick={() => void copyText(text).then((copied) => setDone(copied ? 'Copied' : 'The browser refused to copy'))}
      />
    </Tooltip>
  )
}

/** A command or secret in monospace with its copy button. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  return (
    <div className="copy-line">
      <code tabIndex={0} aria-label={label}>{text}</code>
      <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
    </div>
  )
}
