import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { DocumentTableRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { uploadsQuery, useRemoveUpload } from '../../api/queries/huntingUploads'
import { useMay } from '../../api/queries/session'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatBytes } from '../../lib/format'
import { uploadQuery } from './upload'
import { UploadForm } from './UploadForm'

/** Files of one's own that queries read beside the tables. */
export function UploadsPage() {
  const files = useQuery(uploadsQuery)
  const remove = useRemoveUpload()
  const may = useMay('hunting.upload')
  const [ending, setEnding] = useState<string>()
  return (
    <div className="page">
      <div className="settings">
        <p className="crumbs"><Link className="link" to="/hunting">Hunting</Link></p>
        <PageHeader title="Files" count={files.data?.total}>
          Lists of one’s own, such as addresses or allowed programs. A query reads one with <code>externaldata</code> by its name; everybody here who may hunt can.
        </PageHeader>
        {may && <UploadForm />}
        {files.isPending ? (
          <Loading what="the files" />
        ) : !files.data ? (
          <ErrorState what="The files could not be read" error={files.error} kept="Queries that use them go on working." retry={() => void files.refetch()} />
        ) : files.data.items.length === 0 ? (
          <EmptyState icon={<DocumentTableRegular />} title="No file is uploaded">{may ? 'Choose one above.' : 'Operators upload files.'}</EmptyState>
        ) : (
          <div className="settings-table">
            <Table aria-label="Files" className="wide-table">
              <HeadRow names={['Name', 'Size', 'Uploaded by', 'When', 'SHA-256']} actions />
              <TableBody>
                {files.data.items.map((one) => (
                  <TableRow key={one.name}>
                    <TableCell className="break">{one.name}</TableCell>
                    <TableCell className="nums">{formatBytes(one.bytes)}</TableCell>
                    <TableCell className="break">{one.updated_by}</TableCell>
                    <TableCell><Instant at={one.updated_at} show="age" /></TableCell>
                    <TableCell><code title={one.sha256}>{one.sha256.slice(0, 12)}…</code></TableCell>
                    <TableCell>
                      <div className="row">
                        <Link className="link" to="/hunting" search={{ q: uploadQuery(one.name) }}>Query it</Link>
                        {may && <Button size="small" aria-label={`Delete ${one.name}`} onClick={() => setEnding(one.name)}>Delete</Button>}
                      </div>
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      <ConfirmDialog
        open={ending !== undefined}
        title={`Delete the file ${ending}?`}
        confirm="Delete"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setEnding(undefined); remove.reset() }}
        onConfirm={() => ending !== undefined && remove.mutate(ending, { onSuccess: () => setEnding(undefined) })}
      >
        Queries, functions and scheduled exports that read it fail from then on.
      </ConfirmDialog>
    </div>
  )
}
