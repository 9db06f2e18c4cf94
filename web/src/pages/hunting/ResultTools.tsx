import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Menu, MenuDivider, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { ArrowDownloadRegular, CheckmarkRegular, CopyRegular, DismissRegular } from '@fluentui/react-icons'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useMakeExport } from '../../api/queries/huntingExports'
import type { ExportFormat, HuntingResult } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { copyText } from '../../lib/clipboard'
import { download, saveFile, toCsv, toJson } from '../../lib/export'
import { cellText } from '../../lib/format'

const FORMATS: [ExportFormat, string][] = [['csv', 'CSV'], ['json', 'JSON'], ['jsonl', 'JSON lines'], ['parquet', 'Parquet']]

/** Copy for a spreadsheet, or a file: of the rows shown here, or of the whole result, which the server runs and streams. */
export function ResultTools({ result, query }: { result: HuntingResult; query: string }) {
  const { schema, rows } = result
  const navigate = useNavigate()
  const whole = useMakeExport()
  const [told, setTold] = useState<'Copied' | 'Not copied'>()
  useEffect(() => {
    if (!told) return
    const timer = setTimeout(() => setTold(undefined), 2000)
    return () => clearTimeout(timer)
  }, [told])
  const copy = () => {
    const clean = (value: unknown) => cellText(value).replace(/[\t\r\n]+/g, ' ')
    const lines = [schema.map((c) => c.name), ...rows.map((row) => row.map(clean))].map((line) => line.join('\t'))
    void copyText(lines.join('\n')).then((copied) => setTold(copied ? 'Copied' : 'Not copied'))
  }
  const stamp = () => new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')
  return (
    <div className="row">
      <Button size="small" appearance="subtle" icon={told === 'Copied' ? <CheckmarkRegular /> : told ? <DismissRegular /> : <CopyRegular />} onClick={copy}>{told ?? 'Copy'}</Button>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button size="small" appearance="subtle" icon={<ArrowDownloadRegular />} disabled={whole.isPending}>Export</Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => saveFile(`hunting-${stamp()}.csv`, 'text/csv;charset=utf-8', toCsv(schema, rows))}>Rows shown as CSV</MenuItem>
            <MenuItem onClick={() => saveFile(`hunting-${stamp()}.json`, 'application/json', toJson(schema, rows))}>Rows shown as JSON</MenuItem>
            <MenuDivider />
            {FORMATS.map(([format, name]) => (
              <MenuItem key={format} onClick={() => whole.mutate({ query, format }, { onSuccess: ({ download: address }) => download(address) })}>Whole result as {name}</MenuItem>
            ))}
            <MenuDivider />
            <MenuItem onClick={() => void navigate({ to: '/hunting/exports', search: { open: 'new', q: query } })}>Export on a schedule</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
      {whole.error && <Failure error={whole.error} onClose={whole.reset} />}
    </div>
  )
}

/** Says why no file comes. */
function Failure({ error, onClose }: { error: unknown; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>No file was made</DialogTitle>
          <DialogContent><ErrorBar what="The export did not start" error={error} kept="The rows shown are kept." /></DialogContent>
          <DialogActions><Button onClick={onClose}>Close</Button></DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
