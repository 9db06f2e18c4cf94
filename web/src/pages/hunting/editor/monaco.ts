import 'monaco-editor/esm/vs/editor/edcore.main'
import * as monaco from 'monaco-editor/esm/vs/editor/editor.api'
import { getKustoWorker, kustoDefaults, themeNames } from '@kusto/monaco-kusto'
import EditorWorker from 'monaco-editor/esm/vs/editor/editor.worker?worker'
import KustoWorker from '@kusto/monaco-kusto/release/esm/kusto.worker?worker'

// Both workers are files of our own build: nothing is fetched from another host.
self.MonacoEnvironment = {
  getWorker: (_, label) => (label === 'kusto' ? new KustoWorker() : new EditorWorker()),
}

kustoDefaults.setLanguageSettings({
  ...kustoDefaults.languageSettings,
  includeControlCommands: false,
  newlineAfterPipe: false,
  openSuggestionDialogAfterPreviousSuggestionAccepted: false,
  enableQueryWarnings: false,
  enableQuerySuggestions: false,
  enableHover: true,
  // One operator on each line, however short the query is.
  formatter: { indentationSize: 4, pipeOperatorStyle: 'NewLine' },
})

export { getKustoWorker, monaco, themeNames }
