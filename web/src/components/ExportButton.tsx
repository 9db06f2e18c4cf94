import { Button } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import { useMutation } from '@tanstack/react-query'
import { ErrorBar } from './ErrorBar'

/** Makes a file here, for lists of which the server makes none. */
export function ExportButton({ make }: { make: () => Promise<void> }) {
  const file = useMutation({ mutationFn: make })
  return (
    <>
      <ErrorBar what="The file was not made" error={file.error} />
      <Button appearance="subtle" icon={<ArrowDownloadRegular />} disabled={file.isPending} onClick={() => file.mutate()}>CSV</Button>
    </>
  )
}
