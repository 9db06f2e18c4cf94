/** What has a name and a folder: "a/b" lies in b, which lies in a; an empty one at the top. */
export interface Filed {
  name: string
  folder: string
}
export interface Folder<T> {
  name: string
  /** The whole way to it. */
  path: string
  folders: Folder<T>[]
  items: T[]
}

/** The parts of a folder's name, without empty ones. */
export const folderParts = (folder: string): string[] => folder.split('/').map((part) => part.trim()).filter(Boolean)

/** Items in their folders, both by name. */
export function folderTree<T extends Filed>(items: T[]): Folder<T> {
  const root: Folder<T> = { name: '', path: '', folders: [], items: [] }
  for (const item of items) {
    let at = root
    for (const name of folderParts(item.folder)) {
      let next = at.folders.find((one) => one.name === name)
      if (!next) at.folders.push((next = { name, path: at.path ? `${at.path}/${name}` : name, folders: [], items: [] }))
      at = next
    }
    at.items.push(item)
  }
  sort(root)
  return root
}

function sort<T extends Filed>(folder: Folder<T>): void {
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: 'base' })
  folder.folders.sort(byName)
  folder.items.sort(byName)
  folder.folders.forEach(sort)
}

/** Every folder that is in use, for those who choose one. */
export const folderNames = (items: Filed[]): string[] => [...new Set(items.map((item) => folderParts(item.folder).join('/')).filter(Boolean))].sort((a, b) => a.localeCompare(b))

/** Those that have the words in their name, folder or description. */
export function matching<T extends Filed & { description: string }>(items: T[], words: string): T[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return items.filter((item) => {
    const text = `${item.name} ${item.folder} ${item.description}`.toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
}
