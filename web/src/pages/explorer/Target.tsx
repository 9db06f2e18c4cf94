import { Button, Select } from '@fluentui/react-components'
import { AddRegular, ChevronDownRegular, DismissRegular } from '@fluentui/react-icons'
import { type Approach, follows } from '../../lib/explore/choices'
import { type Fields, type Path, isFields, put } from '../../lib/explore/document'
import { type Parts, add, branchOf, partsOf, typesOf, withFollow, withNot } from '../../lib/explore/edit'
import { idOf, problemsAt, useBuilder } from './context'
import { AddGroup, AddWhere, Conditions, PartList } from './Parts'
import { PickList } from './PickList'
import { Problems } from './Problems'
import { TypePicker } from './TypePicker'

/** What is looked for at the root. */
export function Root() {
  const { problems } = useBuilder()
  const path: Path = ['find']
  const own = [...problemsAt(problems, [], ['version']), ...problemsAt(problems, path, ['types']), ...problemsAt(problems, [...path, 'where']), ...problemsAt(problems, [...path, 'that'])]
  const faults = own.length > 0 ? idOf(path, 'faults') : undefined
  return (
    <div className="xq-root" role="group" aria-label="What is looked for">
      <div className="xq-line">
        <TypePicker path={path} label="What to look for" describedBy={faults} />
        <TargetAdders path={path} />
      </div>
      <Problems of={own} id={faults} />
      <TargetBody path={path} />
    </div>
  )
}

function TargetAdders({ path }: { path: Path }) {
  const { document, language } = useBuilder()
  const types = typesOf(document, path, language)
  const that = partsOf(document, path, 'that')
  const where = partsOf(document, path, 'where')
  return (
    <span className="row wrap" id={idOf(path, 'adders')} tabIndex={-1}>
      {that && <AddThat parts={that} types={types} />}
      {where && <AddWhere parts={where} owner={{ types }} />}
    </span>
  )
}

/** Adds a branch: an insight or a connection that is chosen first. */
function AddThat({ parts, types, plain = false }: { parts: Parts; types: string[]; plain?: boolean }) {
  const { document, language, change } = useBuilder()
  return (
    <PickList
      label="Connection or insight"
      shelves={follows(language, types)}
      onPick={(choice) => {
        const [next, path] = add(document, parts, branchOf(language, types, choice))
        change(next, idOf(path, 'follow'))
      }}
    >
      <Button id={plain ? idOf(parts.path, 'add') : undefined} size="small" icon={<AddRegular />} disabled={types.length === 0}>That</Button>
    </PickList>
  )
}

/** Conditions and branches of a target, below its line. */
function TargetBody({ path }: { path: Path }) {
  const { document, language } = useBuilder()
  const types = typesOf(document, path, language)
  const that = partsOf(document, path, 'that')
  const where = partsOf(document, path, 'where')
  const home = idOf(path, 'types')
  return (
    <>
      {where && where.items.length > 0 && <div className="xq-branch"><Conditions parts={where} owner={{ types }} home={home} />{where.items.length > 1 && <span className="xq-more"><AddGroup parts={where} /></span>}</div>}
      {that && that.items.length > 0 && (
        <div className="xq-branch">
          <PartList
            parts={that}
            label="That"
            home={home}
            adders={(group) => <><AddThat parts={group} types={types} plain /><AddGroup parts={group} /></>}
            render={(part, at, onRemove) => (isBranch(part) ? <Branch path={at} branch={part} from={types} onRemove={onRemove} /> : undefined)}
          />
          {that.items.length > 1 && <span className="xq-more"><AddGroup parts={that} /></span>}
        </div>
      )}
    </>
  )
}

function isBranch(part: Fields): boolean {
  const names = Object.keys(part)
  const all = (allowed: string[]) => names.every((name) => allowed.includes(name)) && (part.not === undefined || typeof part.not === 'boolean')
  if (typeof part.insight === 'string') return all(['insight', 'not', 'where'])
  return typeof part.connection === 'string' && all(['connection', 'not', 'to']) && isFields(part.to) && Object.keys(part.to).every((name) => ['types', 'where', 'that'].includes(name))
}

interface BranchProps {
  path: Path
  branch: Fields
  from: string[]
  onRemove: () => void
}

/** "That" with an insight, or with a connection and where it leads. */
function Branch({ path, branch, from, onRemove }: BranchProps) {
  const { document, language, problems, change } = useBuilder()
  const insight = typeof branch.insight === 'string' ? branch.insight : undefined
  const connection = typeof branch.connection === 'string' ? branch.connection : undefined
  const name = insight ?? connection ?? ''
  const title = (insight === undefined ? language.connections.get(name)?.title : language.insight(name)?.title) ?? name
  const own = problemsAt(problems, path, ['insight', 'connection', 'not'])
  const to: Path = [...path, 'to']
  const below = connection
    ? [...problemsAt(problems, to, ['types']), ...problemsAt(problems, [...to, 'where']), ...problemsAt(problems, [...to, 'that'])]
    : problemsAt(problems, [...path, 'where'])
  const faults = own.length + below.length > 0 ? idOf(path, 'faults') : undefined
  const approach: Approach | undefined = connection === undefined ? undefined : { from, connection }
  const where = insight === undefined ? undefined : partsOf(document, path, 'where')
  const not = branch.not === true
  return (
    <div className="xq-target" role="group" aria-label={`That ${not ? 'not: ' : ''}${title}`}>
      <div className="xq-line">
        <Select className="xq-sense" size="small" aria-label="Whether it holds" value={String(not)} onChange={(_, d) => change(put(document, path, withNot(branch, d.value === 'true')))}>
          <option value="false">That</option>
          <option value="true">That not</option>
        </Select>
        <PickList
          label="Connection or insight"
          shelves={follows(language, from)}
          selected={insight === undefined ? `connection:${name}` : `insight:${name}`}
          onPick={(choice) => change(put(document, path, withFollow(language, from, branch, choice)), idOf(path, 'follow'))}
        >
          <Button id={idOf(path, 'follow')} className="xq-pick condition" icon={<ChevronDownRegular />} iconPosition="after" aria-label={`Connection or insight: ${title}`} aria-describedby={faults}>{title}</Button>
        </PickList>
        {approach && <TypePicker path={to} approach={approach} label={`${title}: what`} describedBy={faults} />}
        {approach && <TargetAdders path={to} />}
        {where && insight !== undefined && <AddWhere parts={where} owner={{ insight }} />}
        <Button appearance="subtle" size="small" icon={<DismissRegular />} aria-label={`Remove that ${title}`} onClick={onRemove}>
          <span className="hide-narrow">Remove</span>
        </Button>
      </div>
      <Problems of={[...own, ...below]} id={faults} />
      {approach && <TargetBody path={to} />}
      {where && insight !== undefined && where.items.length > 0 && (
        <div className="xq-branch">
          <Conditions parts={where} owner={{ insight }} home={idOf(path, 'follow')} />
          {where.items.length > 1 && <span className="xq-more"><AddGroup parts={where} /></span>}
        </div>
      )}
    </div>
  )
}
