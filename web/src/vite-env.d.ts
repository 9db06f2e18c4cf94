declare module 'monaco-editor/esm/vs/editor/editor.worker?worker' {
  const make: new () => Worker
  export default make
}
declare module '@kusto/monaco-kusto/release/esm/kusto.worker?worker' {
  const make: new () => Worker
  export default make
}
declare module 'monaco-editor/esm/vs/editor/edcore.main'
