import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { adviceFor, asApiError, sentence } from '../api/errors'

/** A failure inside a form or over data that stays readable. */
export function ErrorBar({ what, error, kept }: { what: string; error: unknown; kept?: string }) {
  if (!error) return null
  const fault = asApiError(error)
  return (
    <MessageBar intent="error" layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>{what}.</MessageBarTitle> {sentence(fault.message)} {kept} {adviceFor(fault)} (<code>{fault.code}</code>)
      </MessageBarBody>
    </MessageBar>
  )
}
