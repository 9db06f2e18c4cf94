import type { ReactNode } from 'react'
import type { Filed, Folder } from '../../../lib/folders'

/** Folders that open, with what lies in them; all are open while somebody searches. */
export function FolderList<T extends Filed>({ folder, open, item }: { folder: Folder<T>; open: boolean; item: (one: T) => ReactNode }) {
  return (
    <ul className="picks">
      {folder.folders.map((inner) => (
        <li key={inner.path}>
          <details className="table-entry" open={open || undefined}>
            <summary><b>{inner.name}</b> <span className="muted small">folder</span></summary>
            <div className="folder-body"><FolderList folder={inner} open={open} item={item} /></div>
          </details>
        </li>
      ))}
      {folder.items.map((one, index) => <li key={`${one.name} ${index}`} className="pick-row">{item(one)}</li>)}
    </ul>
  )
}
