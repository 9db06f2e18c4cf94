import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { ArrowDownloadRegular, CheckmarkRegular, CopyRegular, DismissRegular } from '@fluentui/react-icons'
import { useEffect, useState } from 'react'
import type { HuntingResult } from '../../api/types'
import { copyText } from '../../lib/clipboard'
import { saveFile, toCsv, toJson } from '../../lib/export'
import { cellText } from '../../lib/format'

/** Copy for a spreadsheet, or a file. */
export function ResultTools({ result }: { result: HuntingResult }) {
  const { schema, rows } = result
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
          <Button size="small" appearance="subtle" icon={<ArrowDownloadRegular />}>Export</Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => saveFile(`hunting-${stamp()}.csv`, 'text/csv;charset=utf-8', toCsv(schema, rows))}>CSV</MenuItem>
            <MenuItem onClick={() => saveFile(`hunting-${stamp()}.json`, 'application/json', toJson(schema, rows))}>JSON</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
    </div>
  )
}
