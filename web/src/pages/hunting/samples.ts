import { kqlString } from '../../lib/format'

export interface Sample {
  title: string
  query: string
}

/** Queries to begin with; each runs on our own schema. */
export const SAMPLES: Sample[] = [
  {
    title: 'Latest processes',
    query: 'DeviceProcessEvents\n| where Timestamp > ago(1h)\n| where ActionType == "ProcessCreated"\n| project Timestamp, DeviceName, AccountName, FileName, ProcessCommandLine, InitiatingProcessFileName\n| top 200 by Timestamp desc\n',
  },
  {
    title: 'Processes over time, as a chart',
    query: 'DeviceProcessEvents\n| where Timestamp > ago(1d)\n| summarize Processes = count() by bin(Timestamp, 15m), DeviceName\n| render timechart with (title="Processes by device")\n',
  },
  {
    title: 'Connections by port, as a chart',
    query: 'DeviceNetworkEvents\n| where Timestamp > ago(1d)\n| summarize Connections = count() by Port = tostring(RemotePort)\n| top 20 by Connections\n| render columnchart\n',
  },
  {
    title: 'What runs most',
    query: 'DeviceProcessEvents\n| where Timestamp > ago(1d)\n| summarize Runs = count(), First = min(Timestamp), Last = max(Timestamp) by FileName, FolderPath\n| top 100 by Runs desc\n',
  },
  {
    title: 'Shells and their parents',
    query: 'DeviceProcessEvents\n| where Timestamp > ago(1d)\n| where FileName in ("sh", "bash", "dash", "zsh")\n| summarize Count = count() by DeviceName, InitiatingProcessFileName, FileName\n| sort by Count desc\n',
  },
  {
    title: 'Outbound connections',
    query: 'DeviceNetworkEvents\n| where Timestamp > ago(1d)\n| summarize Connections = count(), Last = max(Timestamp) by DeviceName, InitiatingProcessFileName, RemoteIP, RemotePort\n| sort by Connections desc\n| take 500\n',
  },
  {
    title: 'Files changed under /etc',
    query: 'DeviceFileEvents\n| where Timestamp > ago(7d)\n| where FolderPath startswith "/etc"\n| project Timestamp, DeviceName, ActionType, FolderPath, FileName, InitiatingProcessFileName, InitiatingProcessCommandLine\n| sort by Timestamp desc\n',
  },
  {
    title: 'Downloads on the command line',
    query: 'DeviceProcessEvents\n| where Timestamp > ago(7d)\n| where FileName in ("curl", "wget") or ProcessCommandLine has_any ("curl", "wget")\n| project Timestamp, DeviceName, AccountName, ProcessCommandLine, InitiatingProcessCommandLine\n| sort by Timestamp desc\n',
  },
  {
    title: 'Latest facts of each device',
    query: 'DeviceInfo\n| summarize arg_max(Timestamp, *) by DeviceId\n| project Timestamp, DeviceName, OSDistribution, OSVersion, ClientVersion, SensorHealthState\n',
  },
  {
    title: 'What sensors lost, cut or masked',
    query: 'PalisadeSensorCounters\n| where Timestamp > ago(1d)\n| summarize arg_max(Timestamp, Value) by DeviceName, Kind\n| where Value > 0\n| sort by DeviceName asc, Kind asc\n',
  },
]

export const FIRST_QUERY = SAMPLES[0]!.query

/** The history of one counter of a sensor. */
export function counterQuery(deviceId: string, kind: string): string {
  return `PalisadeSensorCounters\n| where DeviceId == ${kqlString(deviceId)} and Kind == ${kqlString(kind)}\n| project Timestamp, DeviceName, Kind, Value, SensorVersion\n| sort by Timestamp desc\n`
}

/** The query that finds one event by its name: (DeviceId, Timestamp, ReportId). */
export function eventQuery(table: string, deviceId: string, reportId: number): string {
  return `${table}\n| where DeviceId == ${kqlString(deviceId)} and ReportId == ${reportId}\n`
}
