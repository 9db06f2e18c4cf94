import { DocumentRegular, GlobeRegular, TableRegular, WindowConsoleRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import type { EVENT_TABLES } from './search'

interface Look {
  label: string
  icon: ReactNode
}

/** The tables that a device's timeline is made of. */
export const TIMELINE_TABLES: Record<(typeof EVENT_TABLES)[number], Look> = {
  DeviceProcessEvents: { label: 'Processes', icon: <WindowConsoleRegular /> },
  DeviceNetworkEvents: { label: 'Network', icon: <GlobeRegular /> },
  DeviceFileEvents: { label: 'Files', icon: <DocumentRegular /> },
}

export const tableLook = (name: string): Look => (TIMELINE_TABLES as Record<string, Look | undefined>)[name] ?? { label: name, icon: <TableRegular /> }
