import { Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Textarea } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useRef, useState } from 'react'
import { useImportProfile } from '../../api/queries/baselines'
import { ErrorBar } from '../../components/ErrorBar'

/** The largest file that the server takes. */
const MOST_BYTES = 1 << 20

/** Takes in a profile as a file or as text. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const take = useImportProfile()
  const navigate = useNavigate()
  const file = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [replace, setReplace] = useState(false)
  const [fault, setFault] = useState('')
  const read = async (chosen: File | undefined) => {
    if (!chosen) return
    if (chosen.size > MOST_BYTES) return setFault('The file is larger than a profile may be (1 MiB).')
    setFault('')
    setText(await chosen.text())
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    take.mutate({ document: text, replace }, { onSuccess: (profile) => void navigate({ to: '/baselines/$profileId', params: { profileId: profile.id } }) })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Import a profile</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <div>
                <input ref={file} type="file" accept=".toml,application/toml,text/plain" hidden onChange={(event) => void read(event.target.files?.[0])} />
                <Button onClick={() => file.current?.click()}>Choose a file</Button>
              </div>
              <Field label="Profile (TOML)" required validationState={fault ? 'error' : 'none'} validationMessage={fault || undefined}>
                <Textarea className="mono" rows={12} value={text} placeholder={'format = "palisade-baseline-profile/1"\nname = "web-servers"\ntitle = "Web servers"\nextends = "debian-server-level1"'} onChange={(_, d) => setText(d.value)} />
              </Field>
              <Checkbox checked={replace} onChange={(_, d) => setReplace(d.checked === true)} label="Replace the profile of this name, where there is one" />
              <ErrorBar what="The profile was not imported" error={take.error} kept="The text is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={take.isPending || !text.trim()}>Import</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
