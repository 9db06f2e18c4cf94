import { MessageBar, MessageBarBody } from '@fluentui/react-components'
import { adviceFor, asApiError } from '../api/errors'
import { useInstance } from '../api/queries/session'

/** Tells the truth about the product itself: its warnings, and its silence. */
export function Banners() {
  const instance = useInstance()
  return (
    <div className="banners" role="region" aria-label="State of the server">
      {instance.isError && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>
            The state of the server could not be read; what you see may be old. {adviceFor(asApiError(instance.error))} (
            <code>{asApiError(instance.error).code}</code>)
          </MessageBarBody>
        </MessageBar>
      )}
      {(instance.data?.warnings ?? []).map((warning) => (
        <MessageBar key={warning.code} intent="warning" layout="multiline">
          <MessageBarBody>{warning.message} (<code>{warning.code}</code>)</MessageBarBody>
        </MessageBar>
      ))}
    </div>
  )
}
