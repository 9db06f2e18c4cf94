import { Link } from '@tanstack/react-router'
import type { ResultColumn } from '../../api/types'
import { CopyButton } from '../../components/CopyText'
import { FieldList } from '../../components/FieldList'
import { SidePanel } from '../../components/SidePanel'
import { rowObject } from '../../lib/export'
import { processRefs } from '../../lib/processes'

/** All fields of one result row, with the ways to its device and process tree. */
export function RowPanel({ columns, row, onClose }: { columns: ResultColumn[]; row: unknown[] | undefined; onClose: () => void }) {
  const fields = row ? rowObject(columns, row) : {}
  const deviceId = typeof fields.DeviceId === 'string' ? fields.DeviceId : undefined
  const times = new Set(columns.filter((c) => c.type === 'datetime').map((c) => c.name))
  return (
    <SidePanel
      open={row !== undefined}
      title="Row"
      onClose={onClose}
      actions={
        row && (
          <>
            {deviceId && <Link className="link" to="/devices/$deviceId/timeline" params={{ deviceId }}>Device</Link>}
            {deviceId &&
              processRefs(fields).map((ref) => (
                <Link key={ref.process} className="link" to="/devices/$deviceId/tree" params={{ deviceId }} search={{ process: ref.process, at: ref.at }}>
                  Process tree of {ref.label}
                </Link>
              ))}
            <CopyButton text={JSON.stringify(fields, null, 2)} label="Copy the row as JSON" />
          </>
        )
      }
    >
      {row && <FieldList fields={Object.entries(fields)} isInstant={(name) => times.has(name)} />}
    </SidePanel>
  )
}
