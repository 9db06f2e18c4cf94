import { Badge, Button } from '@fluentui/react-components'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { previewQuery } from '../../api/queries/groups'
import type { DeviceRule } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Refreshing } from '../../components/states'
import { formatCount } from '../../lib/format'
import { useDebounced } from '../../lib/hooks'

interface Props {
  /** Absent while something has to be filled in. */
  rule: DeviceRule | undefined
  group: string | undefined
}

/** Which devices the rule would match, as it is typed. */
export function Preview({ rule, group }: Props) {
  const rested = useDebounced(rule && JSON.stringify(rule), 300)
  const asked = rested ? (JSON.parse(rested) as DeviceRule) : undefined
  const list = useInfiniteQuery({ ...previewQuery(asked ?? { every: true }, group), enabled: asked !== undefined })
  const first = asked && !list.isError ? list.data?.pages[0] : undefined
  const devices = first ? (list.data?.pages.flatMap((page) => page.items) ?? []) : []
  return (
    <section className="card" aria-label="Preview">
      <h2 className="card-title">
        Devices that match {first && <span className="count nums">{formatCount(first.total)}</span>}
      </h2>
      <Refreshing active={list.isFetching} what="the preview" />
      {!asked && <p className="muted">Fill in every value to see which devices match.</p>}
      {asked && <ErrorBar what="The rule cannot be tried" error={list.error} kept="Nothing was saved." />}
      {first && group && (first.joining > 0 || first.leaving > 0) && (
        <p role="status">
          Saving lets <strong className="nums">{formatCount(first.joining)}</strong> in and <strong className="nums">{formatCount(first.leaving)}</strong> out.
        </p>
      )}
      {first && first.total === 0 && <p className="muted">No device in service matches.</p>}
      <ul className="preview-list" aria-label="Matching devices">
        {devices.map((device) => (
          <li key={device.id}>
            <span className="break">
              <Link className="link" to="/devices/$deviceId" params={{ deviceId: device.id }} target="_blank">{device.name}</Link>{' '}
              <span className="muted small">{device.os_distribution} {device.os_version}</span>
            </span>
            {group && !device.member && <Badge appearance="tint" color="success">joins</Badge>}
          </li>
        ))}
      </ul>
      {list.hasNextPage && first && <Button size="small" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>Show more</Button>}
    </section>
  )
}
