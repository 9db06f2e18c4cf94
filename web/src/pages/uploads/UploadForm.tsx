import { Button, Field, Input, MessageBar, MessageBarActions, MessageBarBody } from '@fluentui/react-components'
import { type FormEvent, useRef, useState } from 'react'
import { useUpload } from '../../api/queries/huntingUploads'
import { ApiError } from '../../api/errors'
import { ErrorBar } from '../../components/ErrorBar'
import { sizeFault, uploadFault, uploadName } from './upload'

/** Chooses a file, names it and sends it. */
export function UploadForm() {
  const [file, setFile] = useState<File>()
  const [name, setName] = useState('')
  const picker = useRef<HTMLInputElement>(null)
  const upload = useUpload()
  const fault = file && (sizeFault(file.size) ?? uploadFault(name))
  const taken = upload.error instanceof ApiError && upload.error.code === 'already_exists'
  const send = (replace: boolean) => {
    if (!file || fault) return
    upload.mutate(
      { name, file, replace },
      {
        onSuccess: () => {
          setFile(undefined)
          setName('')
          if (picker.current) picker.current.value = ''
        },
      },
    )
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send(false)
  }
  return (
    <form className="stack" onSubmit={submit}>
      <div className="form-row form-top">
        <Field label="File" hint="CSV, TSV, JSON, JSON lines, Parquet or text; also gzipped. Its ending tells which.">
          {(control) => (
            <input
              {...control}
              ref={picker}
              type="file"
              onChange={(event) => {
                const chosen = event.currentTarget.files?.[0]
                upload.reset()
                setFile(chosen)
                setName(chosen ? uploadName(chosen.name) : '')
              }}
            />
          )}
        </Field>
        <Field label="Name in queries" validationMessage={fault}>
          <Input value={name} disabled={!file} onChange={(_, d) => { upload.reset(); setName(d.value) }} />
        </Field>
        <Button type="submit" appearance="primary" disabled={!file || fault !== undefined || upload.isPending}>{upload.isPending ? 'Uploading…' : 'Upload'}</Button>
      </div>
      {taken ? (
        <MessageBar intent="warning" layout="multiline" role="alert">
          <MessageBarBody>There is a file {name} already. Queries that read it get the new rows once it is replaced.</MessageBarBody>
          <MessageBarActions><Button size="small" disabled={upload.isPending} onClick={() => send(true)}>Replace it</Button></MessageBarActions>
        </MessageBar>
      ) : (
        <ErrorBar what="The file was not uploaded" error={upload.error} kept="The files that are there are kept." />
      )}
    </form>
  )
}
