import { Combobox, Field, Option } from '@fluentui/react-components'

/** A folder that is there already, or a new one. */
export function FolderField({ value, folders, onChange }: { value: string; folders: string[]; onChange: (folder: string) => void }) {
  const shown = folders.filter((folder) => folder.toLowerCase().includes(value.toLowerCase()))
  return (
    <Field label="Folder" hint="With / between folders; empty for none.">
      <Combobox freeform value={value} selectedOptions={[value]} onInput={(event) => onChange(event.currentTarget.value)} onOptionSelect={(_, d) => onChange(d.optionText ?? '')}>
        {shown.map((folder) => <Option key={folder}>{folder}</Option>)}
      </Combobox>
    </Field>
  )
}
