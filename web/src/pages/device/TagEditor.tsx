import { Button, Input } from '@fluentui/react-components'
import { EditRegular } from '@fluentui/react-icons'
import { type FormEvent, useState } from 'react'
import { useTagDevice } from '../../api/queries/groups'
import { useMay } from '../../api/queries/session'
import type { Device } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'

/** What people wrote on a device; device groups follow it. */
export function TagEditor({ device }: { device: Device }) {
  const may = useMay('devices.tag')
  const tag = useTagDevice()
  const [text, setText] = useState<string>()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const tags = (text ?? '').split(',').map((word) => word.trim()).filter(Boolean)
    tag.mutate({ id: device.id, tags }, { onSuccess: () => setText(undefined) })
  }
  if (text === undefined) {
    return (
      <span className="row">
        {device.tags.join(', ') || <span className="muted">none</span>}
        {may && <Button size="small" appearance="subtle" icon={<EditRegular />} aria-label="Change the tags" onClick={() => setText(device.tags.join(', '))} />}
      </span>
    )
  }
  return (
    <form className="stack" onSubmit={submit}>
      <div className="row wrap">
        <Input size="small" autoFocus aria-label="Tags, separated by commas" placeholder="env=prod, pci" value={text} onChange={(_, d) => setText(d.value)} />
        <Button size="small" type="submit" appearance="primary" disabled={tag.isPending}>Save</Button>
        <Button size="small" onClick={() => { setText(undefined); tag.reset() }}>Cancel</Button>
      </div>
      <ErrorBar what="The tags were not changed" error={tag.error} kept="What you typed is kept." />
    </form>
  )
}
