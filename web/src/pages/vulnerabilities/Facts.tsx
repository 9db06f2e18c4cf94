/** What a document says more, as it is; nothing where it is empty. */
export function Facts({ title, facts }: { title: string; facts: unknown }) {
  if (!facts || typeof facts !== 'object' || Object.keys(facts).length === 0) return null
  return (
    <details>
      <summary>{title}</summary>
      <pre className="code-block" tabIndex={0} aria-label={title}>{JSON.stringify(facts, null, 2)}</pre>
    </details>
  )
}
