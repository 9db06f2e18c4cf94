import { Button, MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { ArrowClockwiseRegular, ChevronDownRegular, ChevronUpRegular, SearchRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { exploreQuery, type Template } from '../../api/queries/explore'
import { Instant } from '../../components/Instant'
import { ListError } from '../../components/ListError'
import { EmptyState, ErrorState, Loading, Refreshing } from '../../components/states'
import { VirtualGrid } from '../../components/VirtualGrid'
import { useEntry } from '../../lib/entry'
import { type Row, missingText, nodeOf, openOf, pageOf, rowKey } from '../../lib/explore/answer'
import type { Language } from '../../lib/explore/language'
import { formatCount } from '../../lib/format'
import { useNarrow } from '../../lib/hooks'
import { useNextPage } from '../../lib/paging'
import type { ExplorerSearch } from '../../lib/search'
import { resultColumns } from './columns'
import { ResultPanel } from './ResultPanel'
import { useScopeNames } from './ScopePicker'

interface Props {
  link: string
  open: string | undefined
  language: Language
  template: Template | undefined
  folded: boolean
  change: (next: Partial<ExplorerSearch>, push?: boolean) => void
}

/** The rows of a question, what they do not cover, and one of them beside. */
export function Results({ link, open, language, template, folded, change }: Props) {
  const narrow = useNarrow()
  const { nameOf } = useScopeNames()
  const answer = useInfiniteQuery(exploreQuery(link))
  const first = answer.data?.pages[0]
  const rows = useMemo(() => answer.data?.pages.flatMap((page) => page.rows) ?? [], [answer.data])
  const columns = useMemo(() => (first ? resultColumns(first.columns, language, narrow) : []), [first, language, narrow])
  const onEnd = useNextPage(answer)
  const entry = useEntry()
  const wanted = useMemo(() => nodeOf(open), [open])

  if (answer.isPending) return <Loading what="the answer" rows={8} />
  if (!first) return <ErrorState what="The question was not answered" error={answer.error} kept="It is kept in the address." retry={() => void answer.refetch()} />
  const key = wanted && `${wanted.type}/${wanted.key}`
  const listed = rows.find((row) => rowKey(row) === key)
  const more = rows.length < first.count
  return (
    <section className="xq-results" aria-label="Result">
      <Refreshing active={answer.isFetching && !answer.isFetchingNextPage} what="the answer" />
      <div className="row between wrap">
        <div>
          {template && <strong>{template.title}. </strong>}
          <span role="status">{more ? `${formatCount(rows.length)} of ${formatCount(first.count)} rows` : `${formatCount(first.count)} ${first.count === 1 ? 'row' : 'rows'}`}</span>
          <span className="muted small">, as of <Instant at={new Date(answer.dataUpdatedAt).toISOString()} show="age" /></span>
          {template && <p className="muted small">{template.description}</p>}
        </div>
        <div className="row">
          <Button size="small" appearance="subtle" icon={<ArrowClockwiseRegular />} onClick={() => void answer.refetch()}>Ask again</Button>
          <Button size="small" appearance="subtle" icon={folded ? <ChevronDownRegular /> : <ChevronUpRegular />} onClick={() => change({ fold: folded ? undefined : true })}>
            {folded ? 'Show the question' : 'Fold the question'}
          </Button>
        </div>
      </div>
      {first.missing.length > 0 && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>Partial results.</MessageBarTitle>
            <ul className="xq-missing">
              {first.missing.map((m) => <li key={JSON.stringify(m)}>{missingText(m, language, nameOf)} <code>{m.code}</code></li>)}
            </ul>
          </MessageBarBody>
        </MessageBar>
      )}
      <ListError list={answer} what="rows" />
      {rows.length === 0 ? (
        <EmptyState icon={<SearchRegular />} title="Nothing fits" action={<Button onClick={() => change({ view: 'templates' }, true)}>See the templates</Button>}>
          Nothing in the estate is as the question says. Take a condition out, or ask another part of the estate.
        </EmptyState>
      ) : (
        <VirtualGrid
          label="Rows"
          columns={columns}
          rows={rows}
          total={first.count}
          rowId={rowKey}
          selected={key}
          rowHeight={34}
          onEnd={onEnd}
          scrollKey={entry}
          resetKey={link}
          rowText={(row) => [language.typeTitle(row.node.type), row.node.name, row.node.key, row.subscription?.name ?? ''].join('\t')}
          onOpen={(row, newTab) => openRow(row, newTab)}
        />
      )}
      <ResultPanel node={wanted} listed={listed} answer={first} language={language} onClose={() => change({ open: undefined })} />
    </section>
  )

  function openRow(row: Row, newTab: boolean) {
    const page = pageOf(row.node)
    if (newTab && page) {
      const path = page.to.replace('$machineId', row.node.key.split('/')[0]!).replace('$groupId', row.node.key)
      window.open(path, '_blank', 'noopener')
    } else change({ open: openOf(row.node) }, open === undefined)
  }
}
