import { RondoError } from "../errors.js";
import type { Backend, BackendFactory, BackendName } from "./backend.js";

/** A backend that may be available, in order of preference. */
export interface BackendCandidate {
  readonly name: BackendName;
  readonly create: BackendFactory;
}

/** What became of a candidate. */
export interface BackendStatus {
  readonly name: BackendName;
  /** "available" candidates have not been tried or were not needed. */
  readonly state: "loaded" | "available" | "failed";
  /** The backend's description, or why it failed. */
  readonly detail: string;
}

/** Opens backends from a list of candidates and remembers why some could not be had. */
export interface BackendChooser {
  /**
   * The named backend, or the first that loads. Throws RondoError "backend" with the reasons when there is none.
   * `name` defaults to the platform's request (the RONDO_BACKEND environment variable in Node).
   */
  open(name?: BackendName): Backend;
  /** One entry per candidate, in order of preference, for diagnostics. Tries those not tried yet. */
  report(): BackendStatus[];
}

/** @example createBackendChooser(backendCandidates(), process.env.RONDO_BACKEND).open() */
export function createBackendChooser(candidates: readonly BackendCandidate[], requested?: string): BackendChooser {
  const loaded = new Map<BackendName, Backend>();
  const failures = new Map<BackendName, string>();

  const attempt = ({ name, create }: BackendCandidate): Backend | undefined => {
    const known = loaded.get(name);
    if (known || failures.has(name)) return known;
    try {
      const backend = create();
      loaded.set(name, backend);
      return backend;
    } catch (error) {
      failures.set(name, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };

  const openNamed = (name: string): Backend => {
    const candidate = candidates.find((entry) => entry.name === name);
    if (!candidate) {
      throw new RondoError("backend", `there is no backend "${name}" here`, {
        received: name,
        expected: `one of ${candidates.map((entry) => entry.name).join(", ")}`,
        fix: "choose one of these, or none to get the fastest",
      });
    }
    const backend = attempt(candidate);
    if (backend) return backend;
    throw new RondoError("backend", `the ${name} backend cannot be loaded`, {
      received: failures.get(candidate.name),
      fix: "choose another backend, or none to get the fastest that loads; `rondo doctor` shows them all",
    });
  };

  return {
    open(name) {
      const wanted = name ?? requested;
      if (wanted) return openNamed(wanted);
      for (const candidate of candidates) {
        const backend = attempt(candidate);
        if (backend) return backend;
      }
      const reasons = candidates.map((entry) => `${entry.name}: ${failures.get(entry.name)}`);
      throw new RondoError("backend", "no backend can be loaded", {
        received: reasons.join("; "),
        fix: "build the project (npm run build)",
      });
    },
    report() {
      return candidates.map((candidate) => {
        const before = loaded.get(candidate.name);
        const backend = attempt(candidate);
        if (!backend) return { name: candidate.name, state: "failed", detail: failures.get(candidate.name)! };
        return { name: candidate.name, state: before ? "loaded" : "available", detail: backend.description };
      });
    },
  };
}
