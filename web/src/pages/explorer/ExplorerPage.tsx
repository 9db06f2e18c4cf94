import { Button, MessageBar, MessageBarBody, Tab, TabList } from '@fluentui/react-components'
import { ArrowUndoRegular, DeleteRegular, SearchRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { exploreSchemaQuery, type Template } from '../../api/queries/explore'
import { ErrorBar } from '../../components/ErrorBar'
import { PageHeader } from '../../components/PageHeader'
import { ErrorState, Loading } from '../../components/states'
import { pointsTo } from '../../lib/explore/check'
import { blank } from '../../lib/explore/edit'
import type { Language } from '../../lib/explore/language'
import { toLink } from '../../lib/explore/link'
import { Builder } from './Builder'
import { JsonEditor } from './JsonEditor'
import { Problems } from './Problems'
import { Results } from './Results'
import { ScopePicker } from './ScopePicker'
import { Templates } from './Templates'
import { CopyLink, Download, useDownload } from './Tools'
import { problemOf, useQuestion } from './useQuestion'
import './explorer.css'

/** Letters of a question that an address has room for: a server takes about 16,000 with all else that a browser sends. */
const LONGEST = 14_000

/** Questions about the estate as a graph. */
export function ExplorerPage() {
  const schema = useQuery(exploreSchemaQuery)
  return (
    <div className="page explorer">
      {schema.data ? <Explorer language={schema.data.language} templates={schema.data.templates} /> : (
        <>
          <PageHeader title="Explorer" />
          {schema.isError ? <ErrorState what="What can be asked could not be read" error={schema.error} kept="Your question is kept in the address." retry={() => void schema.refetch()} /> : <Loading what="the explorer" />}
        </>
      )}
    </div>
  )
}

/** The question above, its rows below; every state of it is in the address. */
function Explorer({ language, templates }: { language: Language; templates: Template[] }) {
  const question = useQuestion(language)
  const { search, change, text, read } = question
  const download = useDownload()
  const view = search.view ?? 'builder'
  const folded = search.fold === true && search.link !== undefined && view !== 'templates'
  const template = templates.find((t) => t.link === search.link)
  const { document } = read
  const refused = problemOf(question.refused)
  // What the server names is said once.
  const all = refused && !question.problems.some((p) => p.code === refused.code && p.pointer === refused.pointer) ? [...question.problems, refused] : question.problems
  // A page that was just opened has nothing to be blamed for.
  const problems = question.empty ? [] : all
  const address = () => {
    const link = !question.changed && search.link ? search.link : document === undefined ? undefined : toLink(JSON.stringify(document))
    return `${window.location.origin}/explorer?${link === undefined ? `draft=${toLink(text)}` : `link=${link}`}`
  }
  const state = document === undefined ? 'It is not JSON yet.' : problems.length > 0 ? `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} left.` : question.changed ? 'Changed since the last search.' : ''
  return (
    <>
      <PageHeader title="Explorer" actions={<><CopyLink address={address} /><Download link={search.link} download={download} /></>}>
        Which machines are like this, connected with that, and not with something else.
      </PageHeader>
      <TabList selectedValue={folded ? '' : view} onTabSelect={(_, d) => change({ fold: undefined, view: d.value === 'builder' ? undefined : (d.value as 'json' | 'templates') })} aria-label="How to ask">
        <Tab value="builder">Query builder</Tab>
        <Tab value="json">JSON</Tab>
        <Tab value="templates">Templates</Tab>
      </TabList>
      {view === 'templates' ? (
        <Templates templates={templates} current={search.link} />
      ) : (
        <>
          <section className="xq-ask" aria-label="Question" hidden={folded}>
            {view === 'json' ? (
              <JsonEditor text={text} read={read} problems={problems} onChange={question.setText} onAsk={question.ask} />
            ) : document === undefined ? (
              <div className="xq">
                <p>What is written as JSON is not whole, so that the builder cannot show it. Nothing of it is lost.</p>
                <Problems of={[{ code: read.fault.code, message: read.fault.message, pointer: '' }]} />
                <Button className="xq-start" onClick={() => change({ view: 'json' })}>Mend it as JSON</Button>
              </div>
            ) : (
              <Builder document={document} language={language} problems={problems} empty={question.empty} onChange={question.setDocument} />
            )}
            <div className="xq-bar">
              {document !== undefined && <ScopePicker document={document} onChange={question.setDocument} />}
              <Problems of={problems.filter((p) => pointsTo(p, '/scope'))} />
              <span className="muted small grow" role="status">{state}</span>
              {question.changed && search.link && <Button appearance="subtle" icon={<ArrowUndoRegular />} onClick={question.revert}>Undo changes</Button>}
              {!question.empty && <Button appearance="subtle" icon={<DeleteRegular />} onClick={() => question.setDocument(blank(language))}>Clear all</Button>}
              <Button appearance="primary" icon={<SearchRegular />} disabled={document === undefined || question.empty || question.asking} onClick={question.ask}>Search</Button>
            </div>
            <ErrorBar what="The question was not answered" error={question.refused} kept="It is kept as it is." />
          </section>
          {(search.link?.length ?? 0) + (search.draft?.length ?? 0) > LONGEST && (
            <MessageBar intent="warning" layout="multiline">
              <MessageBarBody>The address is too long to be loaded again or shared, and for a download as CSV. Keep the question’s JSON instead.</MessageBarBody>
            </MessageBar>
          )}
          <ErrorBar what="The rows were not downloaded" error={download.error} />
          {search.link ? (
            <Results link={search.link} open={search.open} language={language} template={template} folded={folded} change={change} />
          ) : (
            <Templates templates={templates} current={undefined} />
          )}
        </>
      )}
    </>
  )
}
