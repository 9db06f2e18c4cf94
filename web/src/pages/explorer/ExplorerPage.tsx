import { Button, Field, Select, Table, TableBody, TableCell, TableRow, Textarea } from '@fluentui/react-components'
import { ArrowDownloadRegular, SearchRegular } from '@fluentui/react-icons'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { exploreQuery, exploreSchemaQuery, useExploreLink } from '../../api/queries/estate'
import { CopyButton } from '../../components/CopyText'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading, Refreshing } from '../../components/states'
import { formatCount } from '../../lib/format'
import { cellText, columnsOf, rowsOf, type ExploreRow } from './answer'

/** Questions about the estate as a graph: a template, or a query of one's own; each is a link. */
export function ExplorerPage() {
  const { link } = useSearch({ from: '/inside/explorer' })
  const navigate = useNavigate({ from: '/explorer' })
  const schema = useQuery(exploreSchemaQuery)
  const templates = schema.data?.templates ?? []
  const chosen = link ?? templates[0]?.link
  const template = templates.find((t) => t.link === chosen)
  const go = (to: string) => void navigate({ search: { link: to } })
  return (
    <div className="page">
      <div className="settings">
        <PageHeader
          title="Explorer"
          actions={chosen && (
            <Button as="a" href={`/api/v1/explore/csv?link=${encodeURIComponent(chosen)}`} download icon={<ArrowDownloadRegular />}>CSV</Button>
          )}
        >
          {template ? template.description : 'A question of your own about the estate as a graph.'}
        </PageHeader>
        <div className="form-row">
          <Field label="Template">
            <Select value={template?.link ?? ''} onChange={(_, d) => d.value && go(d.value)}>
              {!template && <option value="">Your own</option>}
              {templates.map((t) => <option key={t.name} value={t.link}>{t.title}</option>)}
            </Select>
          </Field>
        </div>
        {chosen && <Own key={chosen} link={chosen} go={go} />}
        {schema.isError && <ErrorState what="The templates could not be read" error={schema.error} retry={() => void schema.refetch()} />}
        {chosen && <Rows link={chosen} />}
      </div>
    </div>
  )
}

/** The query as its document, to be changed and asked anew. */
function Own({ link, go }: { link: string; go: (link: string) => void }) {
  const answer = useInfiniteQuery(exploreQuery(link))
  const read = answer.data?.pages[0]?.query
  const [text, setText] = useState<string>()
  const asking = useExploreLink()
  const [fault, setFault] = useState<unknown>()
  const shown = text ?? (read ? JSON.stringify(read, null, 2) : '')
  const ask = () => {
    try {
      const query: unknown = JSON.parse(shown)
      setFault(undefined)
      asking.mutate(query, { onSuccess: go })
    } catch (error) {
      setFault(error)
    }
  }
  return (
    <details>
      <summary>The query</summary>
      <div className="stack">
        <Textarea aria-label="Query" rows={14} className="mono" value={shown} onChange={(_, d) => setText(d.value)} />
        <div className="row wrap">
          <Button appearance="primary" icon={<SearchRegular />} disabled={asking.isPending || !shown} onClick={ask}>Search</Button>
          <CopyButton text={`${window.location.origin}/explorer?link=${encodeURIComponent(link)}`} label="Share the link" />
        </div>
        <ErrorBar what="The query was not asked" error={fault ?? asking.error} />
      </div>
    </details>
  )
}

function Rows({ link }: { link: string }) {
  const answer = useInfiniteQuery(exploreQuery(link))
  const first = answer.data?.pages[0]
  const rows = answer.data?.pages.flatMap((page) => rowsOf(page.rows)) ?? []
  const columns = columnsOf(first?.columns)
  const missing = Array.isArray(first?.missing) ? first.missing : []
  if (answer.isPending) return <Loading what="the answer" />
  if (!first) return <ErrorState what="The question was not answered" error={answer.error} retry={() => void answer.refetch()} />
  return (
    <>
      <Refreshing active={answer.isFetching} what="the answer" />
      {missing.length > 0 && <p role="note" className="muted">Partial results: {missing.map((m) => JSON.stringify(m)).join(', ')}</p>}
      {rows.length === 0 ? (
        <EmptyState icon={<SearchRegular />} title="Nothing fits">No machine or finding fits the question now.</EmptyState>
      ) : (
        <div className="settings-table">
          <Table aria-label="Answer" className="wide-table">
            <HeadRow names={['Resource type', 'Resource name', 'Subscription', ...columns]} />
            <TableBody>{rows.map((row) => <Line key={`${row.node.type}/${row.node.key}`} row={row} />)}</TableBody>
          </Table>
        </div>
      )}
      <p className="muted">{formatCount(first.count)} in all</p>
      {answer.hasNextPage && (
        <Button disabled={answer.isFetchingNextPage} onClick={() => void answer.fetchNextPage()}>Show more</Button>
      )}
    </>
  )
}

const MACHINES = ['connected_server', 'ec2_instance', 'cloud_instance']

function Line({ row }: { row: ExploreRow }) {
  return (
    <TableRow>
      <TableCell>{row.node.type.replaceAll('_', ' ')}</TableCell>
      <TableCell>
        {MACHINES.includes(row.node.type)
          ? <Link to="/machines/$machineId" params={{ machineId: row.node.key }} className="link">{row.node.name}</Link>
          : row.node.name}
      </TableCell>
      <TableCell>{row.subscription?.name}</TableCell>
      {row.cells.map((cell, i) => <TableCell key={i}>{cellText(cell)}</TableCell>)}
    </TableRow>
  )
}
