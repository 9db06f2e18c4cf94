import { DocumentRegular, GlobeRegular, TableRegular, WindowConsoleRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'

/** The tables that a device's timeline is made of. */
export const TIMELINE_TABLES: Record<string, { label: string; icon: ReactNode }> = {
  DeviceProcessEvents: { label: 'Processes', icon: <WindowConsoleRegular /> },
  DeviceNetworkEvents: { label: 'Network', icon: <GlobeRegular /> },
  DeviceFileEvents: { label: 'Files', icon: <DocumentRegular /> },
}

export const tableLook = (name: string) => TIMELINE_TABLES[name] ?? { label: name, icon: <TableRegular /> }
