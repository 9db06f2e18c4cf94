import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { CopyLine } from './CopyText'
import { Instant } from './Instant'

interface Props {
  title: string
  text: string
  label: string
  expires?: string | null
  onDone: () => void
  children: ReactNode
}

/** A secret that the server shows once: copy it now. */
export function SecretOnce({ title, text, label, expires, onDone, children }: Props) {
  return (
    <div className="stack" role="status">
      <MessageBar intent="success" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>{title}.</MessageBarTitle> It is shown only now. {children}
          {expires && <> It ends <Instant at={expires} show="age" />.</>}
        </MessageBarBody>
        <MessageBarActions>
          <Button size="small" onClick={onDone}>I have it</Button>
        </MessageBarActions>
      </MessageBar>
      <CopyLine text={text} label={label} />
    </div>
  )
}
