import { Link } from '@tanstack/react-router'
import type { TimelineItem } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import { SidePanel } from '../../components/SidePanel'
import { processRefs } from '../../lib/processes'
import { eventQuery } from '../hunting/samples'

/** All fields of one event, with the ways on: the process tree and the row in hunting. */
export function EventPanel({ deviceId, item, onClose }: { deviceId: string; item: TimelineItem | undefined; onClose: () => void }) {
  const row = (item?.Row ?? {}) as Record<string, unknown>
  return (
    <SidePanel
      open={item !== undefined}
      title={item?.ActionType ?? ''}
      onClose={onClose}
      actions={
        item && (
          <>
            {processRefs({ Timestamp: item.Timestamp, ...row }).map((ref) => (
              <Link key={ref.process} className="link" to="/devices/$deviceId/tree" params={{ deviceId }} search={{ process: ref.process, at: ref.at }}>
                Process tree of {ref.label}
              </Link>
            ))}
            <Link className="link" to="/hunting" search={{ q: eventQuery(item.Table, deviceId, item.ReportId), run: true }}>
              Open in hunting
            </Link>
          </>
        )
      }
    >
      {item && (
        <FieldList
          key={`${item.Table}:${item.ReportId}`}
          fields={Object.entries({ Timestamp: item.Timestamp, Table: item.Table, ActionType: item.ActionType, ...row })}
          isInstant={(name) => name === 'Timestamp' || name.endsWith('Time')}
        />
      )}
    </SidePanel>
  )
}
