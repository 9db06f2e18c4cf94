import { Button, Dropdown, Field, Option, Select } from '@fluentui/react-components'
import { CHART_KINDS, isChartKind, type Stack, STACKS } from '../../../lib/charts'
import type { HuntingResult } from '../../../api/types'
import type { HuntingSearch } from '../../../lib/search'
import { joinNames } from './choice'
import { canStack, type ChartSpec, trait } from './spec'

interface Props {
  result: HuntingResult
  search: HuntingSearch
  spec: ChartSpec | undefined
  /** The matrix is offered where a column names techniques. */
  attack: boolean
  /** It is what is shown. */
  matrix: boolean
  onChange: (next: Partial<HuntingSearch>) => void
}

/** Chooses the chart and its columns, also where the query asks for none. */
export function ChartTools({ result, search, spec, attack, matrix, onChange }: Props) {
  const { schema, rows, render } = result
  const traits = schema.map((column, index) => trait(column, rows, index))
  const names = (indexes: number[] | undefined) => (indexes ?? []).map((index) => schema[index]!.name)
  const chosen = search.chart !== undefined || search.x !== undefined || search.y !== undefined || search.split !== undefined || search.stack !== undefined
  const kind = matrix ? 'attack' : (spec?.kind ?? '')
  const values = schema.filter((_, index) => traits[index] === 'number' || traits[index] === 'span')
  const charted = spec && spec.kind !== 'card' && kind !== 'attack'
  return (
    <div className="chart-tools">
      <Field label="Chart" size="small">
        <Select
          size="small"
          value={kind}
          onChange={(_, d) => onChange({ chart: d.value === 'attack' ? 'attack' : isChartKind(d.value) ? d.value : undefined, x: undefined, y: undefined, split: undefined, stack: undefined })}
        >
          {kind === '' && <option value="">Choose a chart</option>}
          {Object.entries(CHART_KINDS).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
          {attack && <option value="attack">ATT&amp;CK matrix</option>}
        </Select>
      </Field>
      {charted && (
        <>
          <Field label="Along" size="small">
            <Select size="small" value={spec.x === undefined ? '' : schema[spec.x]!.name} onChange={(_, d) => onChange({ x: d.value || undefined })}>
              {spec.x === undefined && <option value="">Rows</option>}
              {schema.map((column, index) => (traits[index] === 'other' ? null : <option key={column.name} value={column.name}>{column.name}</option>))}
            </Select>
          </Field>
          <Columns label="Values" all={values.map((column) => column.name)} picked={names(spec.ys)} onPick={(picked) => onChange({ y: joinNames(picked) })} />
          {spec.kind !== 'piechart' && (
            <Columns label="Split by" all={schema.filter((_, index) => traits[index] === 'text').map((column) => column.name)} picked={names(spec.split)} onPick={(picked) => onChange({ split: joinNames(picked) ?? '' })} />
          )}
          {canStack(spec.kind) && (
            <Field label="Series" size="small">
              <Select size="small" value={spec.stack} onChange={(_, d) => onChange({ stack: d.value as Stack })}>
                {Object.entries(STACKS).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
              </Select>
            </Field>
          )}
        </>
      )}
      {chosen && (
        <Button size="small" appearance="subtle" onClick={() => onChange({ chart: undefined, x: undefined, y: undefined, split: undefined, stack: undefined })}>
          {render ? 'As the query says' : 'Without a choice'}
        </Button>
      )}
    </div>
  )
}

function Columns({ label, all, picked, onPick }: { label: string; all: string[]; picked: string[]; onPick: (names: string[]) => void }) {
  return (
    <Field label={label} size="small">
      <Dropdown
        size="small"
        multiselect
        disabled={all.length === 0}
        placeholder="None"
        value={picked.join(', ')}
        selectedOptions={picked}
        onOptionSelect={(_, d) => onPick(all.filter((name) => d.selectedOptions.includes(name)))}
        className="chart-columns"
      >
        {all.map((name) => <Option key={name} value={name}>{name}</Option>)}
      </Dropdown>
    </Field>
  )
}
