import { Input, Popover, PopoverSurface, PopoverTrigger } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { type KeyboardEvent, type ReactElement, useEffect, useId, useMemo, useRef, useState } from 'react'
import type { Choice, Shelf } from '../../lib/explore/choices'

interface Props {
  /** The button that opens it. */
  children: ReactElement
  label: string
  shelves: Shelf[]
  selected?: string
  onPick: (value: string) => void
}

/** A button that opens a searchable list; what cannot be chosen stays in it and says why. */
export function PickList({ children, label, shelves, selected, onPick }: Props) {
  const [open, setOpen] = useState(false)
  return (
    <Popover open={open} onOpenChange={(_, d) => setOpen(d.open)} positioning={{ position: 'below', align: 'start', fallbackPositions: ['above-start', 'below-end'] }} trapFocus>
      <PopoverTrigger disableButtonEnhancement>{children}</PopoverTrigger>
      <PopoverSurface className="xq-surface" aria-label={label}>
        <List label={label} shelves={shelves} selected={selected} onPick={(value) => { setOpen(false); onPick(value) }} />
      </PopoverSurface>
    </Popover>
  )
}

function List({ label, shelves, selected, onPick }: Omit<Props, 'children'>) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const [wanted, setWanted] = useState('')
  const shown = useMemo(() => matching(shelves, wanted), [shelves, wanted])
  const flat = shown.flatMap((shelf) => shelf.choices)
  const first = Math.max(0, flat.findIndex((choice) => choice.value === selected))
  const [active, setActive] = useState(first)
  const current = Math.min(active, flat.length - 1)
  const optionId = (index: number) => `${id}-${index}`

  useEffect(() => {
    list.current?.querySelector(`[id="${CSS.escape(`${id}-${current}`)}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [current, id])

  const pick = (choice: Choice | undefined) => choice && !choice.reason && onPick(choice.value)
  const onKey = (event: KeyboardEvent) => {
    const step: Record<string, number> = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + 8, PageUp: current - 8, Home: 0, End: flat.length - 1 }
    if (event.key === 'Enter') pick(flat[current])
    else if (event.key in step && !((event.key === 'Home' || event.key === 'End') && wanted)) setActive(Math.max(0, Math.min(flat.length - 1, step[event.key]!)))
    else return
    event.preventDefault()
  }
  let index = -1
  return (
    <div className="xq-list-pick">
      <Input
        contentBefore={<SearchRegular aria-hidden />}
        placeholder="Search"
        autoFocus
        role="combobox"
        aria-label={label}
        aria-expanded
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={flat.length > 0 ? optionId(current) : undefined}
        value={wanted}
        onChange={(_, d) => { setWanted(d.value); setActive(0) }}
        onKeyDown={onKey}
      />
      <div ref={list} className="xq-options" role="listbox" id={`${id}-list`} aria-label={label} tabIndex={-1}>
        {shown.map((shelf) => (
          <div key={shelf.title} role="group" aria-label={shelf.title}>
            <div className="xq-shelf" aria-hidden>{shelf.title}</div>
            {shelf.choices.map((choice) => {
              index += 1
              const own = index
              return (
                <div
                  key={choice.value}
                  id={optionId(own)}
                  role="option"
                  aria-selected={choice.value === selected}
                  aria-disabled={choice.reason ? true : undefined}
                  className={`xq-option${own === current ? ' current' : ''}`}
                  onMouseMove={() => setActive(own)}
                  onClick={() => pick(choice)}
                >
                  <span>{choice.title}</span>
                  <span className="xq-about">{choice.reason ?? choice.description}</span>
                </div>
              )
            })}
          </div>
        ))}
        {flat.length === 0 && <p className="muted small xq-none">Nothing is called so.</p>}
      </div>
    </div>
  )
}

function matching(shelves: Shelf[], wanted: string): Shelf[] {
  const word = wanted.trim().toLowerCase()
  const fits = (c: Choice) => !word || c.title.toLowerCase().includes(word) || c.description?.toLowerCase().includes(word)
  return shelves.map((shelf) => ({ ...shelf, choices: shelf.choices.filter(fits) })).filter((shelf) => shelf.choices.length > 0)
}
