import { Button, Checkbox, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { hostKeysQuery, useConfirmKeys, useForgetKeys } from '../../api/queries/connectors'
import { useMay } from '../../api/queries/session'
import type { Connector, HostKey } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { CopyLine } from '../../components/CopyText'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatCount } from '../../lib/format'

/** Host keys that were seen: a person compares fingerprints and confirms; a host that was set up anew is forgotten. */
export function HostKeys({ connector }: { connector: Connector }) {
  const keys = useQuery(hostKeysQuery(connector.id))
  const may = useMay('estate.manage') && connector.state !== 'revoked'
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [asking, setAsking] = useState(false)
  const [forgetting, setForgetting] = useState<string>()
  const confirm = useConfirmKeys()
  const forget = useForgetKeys()
  if (!keys.data) {
    return keys.error ? <ErrorState what="The host keys could not be read" error={keys.error} kept="Confirmed ones hold." retry={() => void keys.refetch()} /> : <Loading what="host keys" />
  }
  const waiting = keys.data.items.filter((k) => !k.confirmed_at)
  const known = keys.data.items.filter((k) => k.confirmed_at)
  const picked = waiting.filter((k) => chosen.has(k.fingerprint))
  const toggle = (key: HostKey) => setChosen((old) => { const next = new Set(old); if (!next.delete(key.fingerprint)) next.add(key.fingerprint); return next })
  if (keys.data.items.length === 0) {
    return <EmptyState title="No host key was seen yet">Each listing looks at hosts that nobody has looked at. A host that does not answer has no key to show: its finding says why.</EmptyState>
  }
  return (
    <>
      {waiting.length > 0 && (
        <section className="card" aria-label="Waiting for confirmation">
          <h2 className="card-title">Waiting for confirmation <span className="count nums">{formatCount(waiting.length)}</span></h2>
          <p>Nothing is sent to these hosts before their key is confirmed. Compare each fingerprint with what the host itself shows, on its own console:</p>
          <CopyLine text="ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" label="Command" />
          <KeyTable label="Keys that wait" keys={waiting} pick={may ? { chosen, toggle } : undefined} />
          {may && (
            <div className="row wrap">
              <Button appearance="primary" disabled={picked.length === 0} onClick={() => setAsking(true)}>Confirm {picked.length > 0 ? formatCount(picked.length) : ''} {picked.length === 1 ? 'key' : 'keys'}</Button>
              <Button onClick={() => setChosen(new Set(picked.length === waiting.length ? [] : waiting.map((k) => k.fingerprint)))}>{picked.length === waiting.length ? 'Choose none' : 'Choose all'}</Button>
            </div>
          )}
        </section>
      )}
      {known.length > 0 && (
        <section className="card" aria-label="Confirmed">
          <h2 className="card-title">Confirmed <span className="count nums">{formatCount(known.length)}</span></h2>
          <KeyTable label="Confirmed keys" keys={known} onForget={may ? setForgetting : undefined} />
        </section>
      )}
      <ConfirmDialog
        open={asking}
        title={picked.length === 1 ? 'Confirm this host key?' : `Confirm ${formatCount(picked.length)} host keys?`}
        confirm="Confirm"
        busy={confirm.isPending}
        error={confirm.error}
        onClose={() => { setAsking(false); confirm.reset() }}
        onConfirm={() => confirm.mutate({ id: connector.id, fingerprints: picked.map((k) => k.fingerprint) }, { onSuccess: () => { setAsking(false); setChosen(new Set()) } })}
      >
        From now on whoever shows one of these keys is believed to be that host, and the connector’s login is tried there. Confirm only what you have compared.
      </ConfirmDialog>
      <ConfirmDialog
        open={forgetting !== undefined}
        title={`Forget the keys of ${forgetting}?`}
        confirm="Forget"
        busy={forget.isPending}
        error={forget.error}
        onClose={() => { setForgetting(undefined); forget.reset() }}
        onConfirm={() => forgetting && forget.mutate({ id: connector.id, host: forgetting }, { onSuccess: () => setForgetting(undefined) })}
      >
        Nothing is done on this host any more until its key is seen and confirmed anew. Do this after the host was set up anew, and only then: a key that changed by itself may be somebody in between.
      </ConfirmDialog>
    </>
  )
}

interface TableProps {
  label: string
  keys: HostKey[]
  pick?: { chosen: ReadonlySet<string>; toggle: (key: HostKey) => void }
  onForget?: (host: string) => void
}

function KeyTable({ label, keys, pick, onForget }: TableProps) {
  const seen = keys.some((k) => k.confirmed_at)
  return (
    <div className="settings-table" tabIndex={0}>
      <Table size="small" aria-label={label} className="wide-table">
        <HeadRow names={[...(pick ? ['Compared'] : []), 'Host', 'Type', 'Fingerprint', ...(seen ? ['Confirmed', 'By'] : [])]} actions={onForget !== undefined} />
        <TableBody>
          {keys.map((k) => (
            <TableRow key={`${k.host} ${k.fingerprint}`}>
              {pick && <TableCell><Checkbox aria-label={`I have compared ${k.key_type} of ${k.host}`} checked={pick.chosen.has(k.fingerprint)} onChange={() => pick.toggle(k)} /></TableCell>}
              <TableCell className="break">{k.host}</TableCell>
              <TableCell>{k.key_type}</TableCell>
              <TableCell><code className="break">{k.fingerprint}</code></TableCell>
              {seen && <TableCell><Instant at={k.confirmed_at} show="age" /></TableCell>}
              {seen && <TableCell className="break">{k.confirmed_by}</TableCell>}
              {onForget && <TableCell><Button size="small" aria-label={`Forget the keys of ${k.host}`} onClick={() => onForget(k.host)}>Forget</Button></TableCell>}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}
