import { Button, Checkbox, Popover, PopoverSurface, PopoverTrigger } from '@fluentui/react-components'
import { GlobeRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { groupsQuery } from '../../api/queries/groups'
import { subscriptionsQuery } from '../../api/queries/usage'
import type { Json } from '../../lib/explore/document'
import { SCOPES, type ScopeName, scopeOf, withScope } from '../../lib/explore/edit'

const ABOUT: Record<ScopeName, { one: string; many: string }> = {
  subscriptions: { one: 'subscription', many: 'subscriptions' },
  device_groups: { one: 'device group', many: 'device groups' },
}

/** Names of what a scope can be made of. */
export function useScopeNames() {
  const subscriptions = useQuery(subscriptionsQuery)
  const groups = useQuery(groupsQuery)
  const all = {
    subscriptions: (subscriptions.data?.items ?? []).map(({ id, name }) => ({ id, name })),
    device_groups: (groups.data?.items ?? []).map(({ id, name }) => ({ id, name })),
  }
  const failed = { subscriptions: subscriptions.isError, device_groups: groups.isError }
  const nameOf = (of: string, key: string) => all[of === 'device_group' || of === 'device_groups' ? 'device_groups' : 'subscriptions'].find((o) => o.id === key)?.name ?? key
  return { all, failed, nameOf }
}

const count = (keys: string[], name: ScopeName) => (keys.length === 0 ? undefined : `${keys.length} ${keys.length === 1 ? ABOUT[name].one : ABOUT[name].many}`)

/** Which part of the estate is asked. */
export function ScopePicker({ document, onChange }: { document: Json; onChange: (next: Json) => void }) {
  const { all, failed } = useScopeNames()
  const chosen = SCOPES.map((name) => count(scopeOf(document, name), name)).filter((text) => text !== undefined)
  return (
    <Popover positioning={{ position: 'above', align: 'start', fallbackPositions: ['below-start'] }} trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button shape="circular" icon={<GlobeRegular />}>Scope: {chosen.length > 0 ? chosen.join(', ') : 'all'}</Button>
      </PopoverTrigger>
      <PopoverSurface className="xq-surface scope" aria-label="Scope">
        <p className="muted small">Machines that are in one of the chosen subscriptions and in one of the chosen device groups; nothing chosen is everything.</p>
        {SCOPES.map((name) => {
          const keys = scopeOf(document, name)
          const unknown = keys.filter((key) => !all[name].some((o) => o.id === key)).map((key) => ({ id: key, name: key }))
          const options = [...unknown, ...all[name]]
          return (
            <fieldset key={name} className="xq-scope">
              <legend>{name === 'subscriptions' ? 'Subscriptions' : 'Device groups'}</legend>
              {failed[name] && <p className="muted small">You may not list the {ABOUT[name].many} here.</p>}
              {!failed[name] && options.length === 0 && <p className="muted small">There is none yet.</p>}
              {options.map(({ id, name: title }) => (
                <Checkbox
                  key={id}
                  label={title}
                  checked={keys.includes(id)}
                  onChange={(_, d) => onChange(withScope(document, name, d.checked === true ? [...keys, id] : keys.filter((k) => k !== id)))}
                />
              ))}
            </fieldset>
          )
        })}
        {chosen.length > 0 && (
          <Button size="small" onClick={() => onChange(SCOPES.reduce((d, name) => withScope(d, name, []), document))}>The whole estate</Button>
        )}
      </PopoverSurface>
    </Popover>
  )
}
