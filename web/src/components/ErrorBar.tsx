import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { adviceFor, asApiError, sentence } from '../api/errors'

interface Props {
  /** What failed, without a full stop. */
  what: string
  error: unknown
  kept?: string
  retry?: () => void
}

/** A failure inside a form or over data that stays readable. */
export function ErrorBar({ what, error, kept, retry }: Props) {
  if (!error) return null
  const fault = asApiError(error)
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>{what}.</MessageBarTitle> {sentence(fault.message)} {kept} {adviceFor(fault)} (<code>{fault.code}</code>)
      </MessageBarBody>
      {retry && <MessageBarActions><Button size="small" onClick={retry}>Try again</Button></MessageBarActions>}
    </MessageBar>
  )
}
