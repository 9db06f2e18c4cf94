import { Checkbox } from '@fluentui/react-components'
import { createContext, useContext, useMemo, useState, type ReactNode } from 'react'

interface Selection {
  chosen: ReadonlySet<string>
  toggle: (id: string) => void
  set: (ids: string[]) => void
}

const Context = createContext<Selection>({ chosen: new Set(), toggle: () => {}, set: () => {} })

/** Which rows are chosen for an action on many. Rows read it by themselves: the list draws them again seldom. */
export function SelectionProvider({ children }: { children: ReactNode }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const value = useMemo<Selection>(
    () => ({
      chosen,
      toggle: (id) =>
        setChosen((old) => {
          const next = new Set(old)
          if (!next.delete(id)) next.add(id)
          return next
        }),
      set: (ids) => setChosen(new Set(ids)),
    }),
    [chosen],
  )
  return <Context.Provider value={value}>{children}</Context.Provider>
}

export const useSelection = (): Selection => useContext(Context)

/** The box of one row; the row is the stop of the keyboard, where Space does the same. */
export function ChooseRow({ id, name }: { id: string; name: string }) {
  const { chosen, toggle } = useSelection()
  return <Checkbox size="medium" input={{ tabIndex: -1 }} aria-label={`Choose ${name}`} checked={chosen.has(id)} onChange={() => toggle(id)} />
}

/** The box of the head: all rows that were read, or none. */
export function ChooseAll({ ids }: { ids: string[] }) {
  const { chosen, set } = useSelection()
  const some = ids.some((id) => chosen.has(id))
  const every = some && ids.every((id) => chosen.has(id))
  return <Checkbox size="medium" aria-label="Choose every machine that was read" checked={every ? true : some ? 'mixed' : false} onChange={() => set(every ? [] : ids)} />
}
