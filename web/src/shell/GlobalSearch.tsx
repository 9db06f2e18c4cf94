import { SearchBox } from '@fluentui/react-components'
import { DesktopRegular, SearchRegular, ServerRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { quickSearchQuery } from '../api/queries/search'
import type { SearchAnswer } from '../api/types'
import { useDebounced, useNarrow } from '../lib/hooks'
import './search.css'

interface Option {
  key: string
  icon: ReactNode
  title: string
  detail: string
  open: () => void
}

/** Whether keys go into a text there. */
const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select') || target.closest('.monaco-editor') !== null)

const found: Record<string, string> = { id: 'by its identifier', cloud_id: 'by its cloud’s identifier', address: 'by an address', hardware: 'by its hardware', tag: 'by a tag', owner: 'by its owner' }
const join = (parts: (string | undefined)[]) => parts.filter(Boolean).join(' · ')

/** One box over everything that is known: `/` goes there, devices and machines come while one types. */
export function GlobalSearch() {
  const navigate = useNavigate()
  const here = useRouterState({ select: (state) => (state.location.pathname === '/search' ? (state.location.search as { q?: string }).q : undefined) })
  const [text, setText] = useState(here ?? '')
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  const box = useRef<HTMLInputElement>(null)
  const list = useId()
  const narrow = useNarrow()
  const asked = useDebounced(text.trim(), 200)
  const answer = useQuery({ ...quickSearchQuery(asked), enabled: open && asked !== '' })

  // The box says what the page shows, however one came there.
  useEffect(() => {
    if (here !== undefined) setText(here)
  }, [here])
  useEffect(() => {
    const focus = (event: globalThis.KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || writes(event.target)) return
      event.preventDefault()
      box.current?.focus()
      box.current?.select()
    }
    window.addEventListener('keydown', focus)
    return () => window.removeEventListener('keydown', focus)
  }, [])

  const leave = () => {
    setOpen(false)
    setAt(-1)
    box.current?.blur()
  }
  const everything = () => {
    const q = text.trim()
    if (!q) return
    leave()
    void navigate({ to: '/search', search: { q } })
  }
  const options = open && asked !== '' ? choices(answer.data) : []
  const shown = open && text.trim() !== ''
  const all: Option = { key: 'all', icon: <SearchRegular />, title: `Everything for “${text.trim()}”`, detail: 'Also people, findings and events', open: everything }
  const lines = shown ? [...options, all] : []
  const chosen = lines[at]

  function choices(data: SearchAnswer | undefined): Option[] {
    const devices = (data?.devices ?? []).map((d) => ({
      key: `device-${d.id}`,
      icon: <DesktopRegular />,
      title: d.name,
      detail: join(['Device', d.os, d.ip_addresses[0], found[d.by]]),
      open: () => void navigate({ to: '/devices/$deviceId', params: { deviceId: d.id } }),
    }))
    const machines = (data?.machines ?? []).map((m) => ({
      key: `machine-${m.id}`,
      icon: <ServerRegular />,
      title: m.name,
      detail: join(['Machine', m.subscription, m.addresses[0], m.gone ? 'deleted' : undefined, found[m.by]]),
      open: () => void navigate({ to: '/machines/$machineId', params: { machineId: m.id } }),
    }))
    return [...devices, ...machines]
  }

  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setOpen(true)
      if (lines.length === 0) {
        // The list opens with this; its first line is chosen as soon as it is there.
        setAt(0)
        return
      }
      const step = event.key === 'ArrowDown' ? 1 : -1
      setAt((old) => (old + step + lines.length + (old < 0 && step < 0 ? 1 : 0)) % lines.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      if (chosen && chosen.key !== 'all') {
        leave()
        chosen.open()
      } else everything()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      if (open && lines.length > 0) {
        setOpen(false)
        setAt(-1)
      } else leave()
    }
  }

  return (
    <div
      className="global-search"
      role="search"
      aria-label="Everything"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setOpen(false)
          setAt(-1)
        }
      }}
    >
      <SearchBox
        ref={box}
        size="medium"
        maxLength={200}
        placeholder={narrow ? 'Search' : 'Search names, addresses, users, files, hashes'}
        value={text}
        onFocus={() => setOpen(true)}
        onChange={(_, data) => {
          setText(data.value)
          setOpen(true)
          setAt(-1)
        }}
        onKeyDown={onKey}
        input={{
          role: 'combobox',
          'aria-label': 'Search everything',
          'aria-expanded': lines.length > 0,
          'aria-controls': list,
          'aria-autocomplete': 'list',
          'aria-activedescendant': chosen ? `${list}-${chosen.key}` : undefined,
          'aria-keyshortcuts': '/',
        }}
      />
      <ul id={list} role="listbox" aria-label="Found" className="global-hits" hidden={lines.length === 0}>
        {lines.map((line, index) => (
          // The keys are the box's; the pointer must not take its focus away.
          <li
            key={line.key}
            id={`${list}-${line.key}`}
            role="option"
            aria-selected={index === at}
            onMouseDown={(event) => event.preventDefault()}
            onMouseEnter={() => setAt(index)}
            onClick={() => {
              leave()
              line.open()
            }}
          >
            <span aria-hidden className="hit-icon">{line.icon}</span>
            <span className="grow">
              <span className="hit-title">{line.title}</span>
              <span className="muted small hit-detail">{line.detail}</span>
            </span>
          </li>
        ))}
      </ul>
      <span role="status" className="hidden-text">{shown && answer.data ? `${options.length} devices and machines` : ''}</span>
    </div>
  )
}
