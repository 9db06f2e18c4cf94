import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { formatCount } from '../lib/format'
import './estate.css'

interface Props {
  value: number | undefined
  label: ReactNode
  /** What it counts, and why. */
  why: string
  to?: LinkProps
}

/** One number of a dashboard; it opens the list behind it. */
export function Figure({ value, label, why, to }: Props) {
  const inner = (
    <>
      <span>{label}</span>
      <b>{value === undefined ? '–' : formatCount(value)}</b>
      <span className="muted small">{why}</span>
    </>
  )
  return to ? <Link {...to} className="figure">{inner}</Link> : <div className="figure">{inner}</div>
}
