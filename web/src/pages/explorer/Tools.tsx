import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { ArrowDownloadRegular, CheckmarkRegular, DismissRegular, LinkRegular } from '@fluentui/react-icons'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { exploreCsv, exploreJson } from '../../api/queries/explore'
import { copyText } from '../../lib/clipboard'
import { saveFile } from '../../lib/export'
import { formatCount } from '../../lib/format'

/** Copies the address of the question. */
export function CopyLink({ address }: { address: () => string }) {
  const [told, setTold] = useState<'Copied' | 'Not copied'>()
  useEffect(() => {
    if (!told) return
    const timer = setTimeout(() => setTold(undefined), 2000)
    return () => clearTimeout(timer)
  }, [told])
  return (
    <Button
      appearance="subtle"
      icon={told === 'Copied' ? <CheckmarkRegular /> : told ? <DismissRegular /> : <LinkRegular />}
      onClick={() => void copyText(address()).then((copied) => setTold(copied ? 'Copied' : 'Not copied'))}
    >
      <span aria-live="polite">{told ?? 'Copy link'}</span>
    </Button>
  )
}

const stamp = () => new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')

/** All rows of a link as a file; says how far it is, and what went wrong to whoever shows it. */
export function useDownload() {
  const [read, setRead] = useState<number>()
  const download = useMutation({
    mutationFn: async ({ link, kind }: { link: string; kind: 'csv' | 'json' }) => {
      setRead(undefined)
      if (kind === 'csv') saveFile(`explorer-${stamp()}.csv`, 'text/csv;charset=utf-8', await exploreCsv(link))
      else saveFile(`explorer-${stamp()}.json`, 'application/json', await exploreJson(link, setRead))
    },
  })
  return { start: download.mutate, error: download.error, pending: download.isPending, read }
}

export function Download({ link, download }: { link: string | undefined; download: ReturnType<typeof useDownload> }) {
  const label = download.pending ? (download.read === undefined ? 'Downloading…' : `${formatCount(download.read)} rows…`) : 'Download'
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<ArrowDownloadRegular />} disabled={!link || download.pending}>{label}</Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItem onClick={() => link && download.start({ link, kind: 'csv' })}>All rows as CSV</MenuItem>
          <MenuItem onClick={() => link && download.start({ link, kind: 'json' })}>All rows as JSON</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
