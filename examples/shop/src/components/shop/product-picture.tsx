/** The picture of a product, drawn; nothing to load. */
export function ProductPicture({ id }: { id: string }) {
  const backgrounds: Record<string, string> = {
    tshirt: "#e7eee6",
    mug: "#f3e6da",
    sticker: "#e8e6f3",
    "limited-print": "#f6ead0",
  };
  return (
    <svg
      viewBox="0 0 200 200"
      className="aspect-square w-full"
      style={{ background: backgrounds[id] ?? "#eeeae0" }}
      aria-hidden
    >
      <Shape id={id} />
    </svg>
  );
}

function Shape({ id }: { id: string }) {
  switch (id) {
    case "tshirt":
      return (
        <>
          <path
            d="M72 52 44 68l12 28 16-7v65h56V89l16 7 12-28-28-16c-6 10-16 15-28 15s-22-5-28-15z"
            fill="#1d4d3f"
          />
          <circle cx="100" cy="104" r="13" fill="#f3ede0" />
        </>
      );
    case "mug":
      return (
        <>
          <path
            d="M132 84h12a20 20 0 0 1 0 40h-12"
            fill="none"
            stroke="#b6552f"
            strokeWidth="11"
          />
          <path
            d="M62 66h72v62a22 22 0 0 1-22 22H84a22 22 0 0 1-22-22z"
            fill="#c9683d"
          />
          <ellipse cx="98" cy="66" rx="36" ry="9" fill="#7d3a1e" />
        </>
      );
    case "sticker":
      return (
        <>
          <rect
            x="48"
            y="56"
            width="56"
            height="56"
            rx="14"
            fill="#5b50b8"
            transform="rotate(-9 76 84)"
          />
          <circle cx="128" cy="84" r="27" fill="#e2a93b" />
          <path d="m98 152 26-46 26 46z" fill="#1d4d3f" />
          <circle cx="76" cy="84" r="11" fill="#f3ede0" />
        </>
      );
    case "limited-print":
      return (
        <>
          <rect x="56" y="40" width="88" height="120" rx="3" fill="#fffdf7" />
          <circle cx="100" cy="86" r="28" fill="#d9573b" opacity="0.9" />
          <path
            d="M56 128c20-22 34-6 48-16s26-14 40-4v52H56z"
            fill="#27476e"
            opacity="0.9"
          />
        </>
      );
    default:
      return (
        <rect x="60" y="60" width="80" height="80" rx="16" fill="#1d4d3f" />
      );
  }
}
