import { Link } from '@tanstack/react-router'
import type { ProcessNode } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import { SidePanel } from '../../components/SidePanel'
import { kqlString } from '../../lib/format'

const hunt = (deviceId: string, node: ProcessNode) =>
  `DeviceProcessEvents\n| where DeviceId == ${kqlString(deviceId)}\n| where ProcessUniqueId == ${kqlString(node.id)} or InitiatingProcessUniqueId == ${kqlString(node.id)}\n| sort by Timestamp asc\n`

/** What is known of one process of the tree. */
export function NodePanel({ deviceId, node, onClose }: { deviceId: string; node: ProcessNode | undefined; onClose: () => void }) {
  return (
    <SidePanel
      open={node !== undefined}
      title={node ? `${node.file_name} (${node.pid})` : ''}
      onClose={onClose}
      actions={
        // A grandparent is known by its number only, which names no process for ever.
        node && !node.id.startsWith('pid:') && (
          <>
            {!node.focus && (
              <Link className="link" to="/devices/$deviceId/tree" params={{ deviceId }} search={{ process: node.id, at: node.start ?? undefined }}>
                Tree of this process
              </Link>
            )}
            <Link className="link" to="/hunting" search={{ q: hunt(deviceId, node), run: true }}>Its events in hunting</Link>
          </>
        )
      }
    >
      {node && (
        <FieldList
          key={node.id}
          fields={[
            ['Command line', node.command_line],
            ['File', node.file_name],
            ['Folder', node.folder_path],
            ['Account', node.account_name],
            ['Process id', node.pid],
            ['Start time', node.start],
            ['End time', node.end],
            ['SHA-256', node.sha256],
            ['Process unique id', node.id],
            ['Parent', node.parent_id],
          ]}
          isInstant={(name) => name.endsWith('time')}
        />
      )}
    </SidePanel>
  )
}
