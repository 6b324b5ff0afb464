import Nightdrop
import NightdropFormats
import NightdropModel
import NightdropStore

/// The play, scene by scene. What it says of outcomes it has read from the nodes.
struct DemoPlay {
    let chain: DemoChain
    let narrator: Narrator

    func run() throws {
        try opening()
        try enrollment()
        try selling()
        try disagreements()
        try closing()
        try merging()
        try repair()
        try decisions()
        try travelBack()
        try guide()
    }

    // MARK: Telling

    /// What became of each bundle of a merge, or of those that brought something.
    func tell(_ report: MergeReport, onlyNew: Bool = false) throws {
        for bundle in report.bundles where bundle.outcome != .skipped && !(onlyNew && bundle.outcome == .known) {
            let name = bundle.file.split(separator: "/").last.map(String.init) ?? bundle.file
            switch bundle.outcome {
            case .merged:
                let conflicts = bundle.conflicts > 0 ? ", \(Words.count(bundle.conflicts, "conflict"))" : ""
                try narrator.fact("\(name): \(Words.count(bundle.new, "operation")) merged\(conflicts)")
            case .known: try narrator.fact("\(name): known, nothing is booked twice")
            default: try narrator.fact("\(name): \(bundle.outcome.rawValue)\(bundle.reason.map { ", \($0)" } ?? "")")
            }
        }
    }

    /// All tills take in what head office has answered.
    func importEverywhere() throws {
        for till in chain.tills { _ = try chain.till(till.id.text).take([chain.share]) }
    }
}
