import { ToggleButton } from '@fluentui/react-components'
import { OrganizationHorizontalRegular, TextBulletListTreeRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { deviceQuery, processTreeQuery } from '../../api/queries/devices'
import { asApiError } from '../../api/errors'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { useNarrow } from '../../lib/hooks'
import { NodePanel } from './NodePanel'
import { TreeCanvas } from './TreeCanvas'
import { TreeList } from './TreeList'
import './tree.css'

/** Where a process came from and what it started: drawn, and as a list of the same. */
export function ProcessTreePage() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/tree' })
  const search = useSearch({ from: '/inside/devices/$deviceId/tree' })
  const navigate = useNavigate({ from: '/devices/$deviceId/tree' })
  const device = useQuery(deviceQuery(deviceId))
  const tree = useQuery(processTreeQuery(deviceId, search.process, search.at))
  const narrow = useNarrow()
  const asList = search.view === 'list' || narrow
  const nodes = tree.data?.nodes ?? []
  const open = nodes.find((node) => node.id === search.node)
  const focus = nodes.find((node) => node.focus)
  const choose = (node: string | undefined) => void navigate({ search: (old) => ({ ...old, node }), replace: true })

  return (
    <div className="page">
      <nav className="crumbs" aria-label="Where you are">
        <Link className="link" to="/devices">Devices</Link> /{' '}
        <Link className="link" to="/devices/$deviceId/timeline" params={{ deviceId }}>{device.data?.name ?? deviceId.slice(0, 12)}</Link> / Process tree
      </nav>
      <PageHeader
        title={focus ? `Process tree of ${focus.file_name}` : 'Process tree'}
        actions={
          <ToggleButton
            className="hide-narrow"
            checked={search.view === 'list'}
            icon={search.view === 'list' ? <OrganizationHorizontalRegular /> : <TextBulletListTreeRegular />}
            onClick={() => void navigate({ search: (old) => ({ ...old, view: old.view === 'list' ? undefined : 'list' }), replace: true })}
          >
            As a list
          </ToggleButton>
        }
      >
        {nodes.length > 0 && `${nodes.length} ${nodes.length === 1 ? 'process' : 'processes'}`}
        {tree.data?.truncated && '; the tree is cut at its limit. Open a process to see its own children.'}
      </PageHeader>
      {search.process === '' ? (
        <EmptyState title="No process was chosen" action={<Link className="link" to="/devices/$deviceId/timeline" params={{ deviceId }}>Open the timeline</Link>}>
          Choose a process event and open its tree.
        </EmptyState>
      ) : tree.isPending ? (
        <Loading what="the process tree" />
      ) : tree.isError && asApiError(tree.error).status === 404 ? (
        <EmptyState title="Nothing is known of this process" action={<Link className="link" to="/devices/$deviceId/timeline" params={{ deviceId }}>Open the timeline</Link>}>
          Neither its start nor anything that it did is among the events kept. Try the process that started it.
        </EmptyState>
      ) : tree.isError ? (
        <ErrorState what="The process tree could not be read" error={tree.error} kept="The event itself is kept in the timeline." retry={() => void tree.refetch()} />
      ) : nodes.length === 0 ? (
        <EmptyState title="Nothing is known of this process">Its events may be older than what is kept.</EmptyState>
      ) : asList ? (
        <TreeList key={search.process} nodes={nodes} selected={search.node} onSelect={choose} />
      ) : (
        <TreeCanvas key={search.process} nodes={nodes} selected={search.node} onSelect={choose} />
      )}
      <NodePanel deviceId={deviceId} node={open} onClose={() => choose(undefined)} />
    </div>
  )
}
