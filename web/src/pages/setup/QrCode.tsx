import { useMemo } from 'react'
import { encode } from 'uqr'

/** A QR code drawn here: the secret never leaves the page. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const code = encode(text, { ecc: 'M', border: 2 })
    let d = ''
    code.data.forEach((line, y) => line.forEach((dark, x) => { if (dark) d += `M${x} ${y}h1v1h-1z` }))
    return { size: code.size, path: d }
  }, [text])
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  )
}
