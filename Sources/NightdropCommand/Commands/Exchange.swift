import ArgumentParser
import Nightdrop
import NightdropFormats
import NightdropModel

struct Exchange: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Visit a share or stick: take what is there for this node, leave what the others need.",
        discussion: Manual.page(
            """
            At a till it takes head office's answers and leaves everything that head office has not confirmed; at head \
            office it merges the tills' bundles and leaves an answer for every till that needs one. It says that the \
            stick is safe to remove only when everything written was read back from it and found right. A stick that is \
            read-only serves for taking. A bundle that was taken in is removed; what is for others is left alone.
            """,
            examples: [
                "nightdrop exchange -C T07 /media/stick", "nightdrop exchange -C HQ /media/stick --max-size 2G",
                "nightdrop exchange -C HQ /srv/exchange --json",
            ],
            statuses: [.refused, .notFound, .cannotCreate, .inputOutput, .tryAgain, .notPermitted]))

    @Argument(help: "The share or stick.", completion: .directory)
    var directory: String
    @Option(
        help: ArgumentHelp("Split into parts of at most this many bytes; K, M and G are understood.", valueName: "n"))
    var maxSize: ByteCount?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let node = try Node.open(self.node)
        let bar = ProgressBar(console)
        let options = ExchangeOptions(maxSize: maxSize?.bytes) { bar.show($0) }
        let report: ExchangeReport
        let noun: String
        var welcome: String?
        do {
            defer { bar.finish() }
            switch node {
            case .central(let central):
                (report, noun) = (try central.exchange(with: directory, options), "change")
            case .terminal(let terminal):
                let isNew = terminal.settings.central == nil
                (report, noun) = (try terminal.exchange(with: directory, options), "operation")
                if isNew { welcome = terminal.settings.welcome }
            }
        }
        if let welcome { console.note(welcome) }
        if console.isJSON { try console.out.json(report.json) } else { try report.print(noun, to: console) }
        try console.out.flush()
        if report.status != 0 { throw ExitCode(report.status) }
    }
}

extension ProgressBar {
    fileprivate func show(_ progress: ExchangeProgress) {
        switch progress {
        case .taking(let merge): show(merge)
        case .leaving(let file, let fraction): show(fraction, "writing and checking \(file.visible)")
        }
    }
}

extension ExchangeReport {
    fileprivate var json: JSONValue {
        [
            "directory": .string(directory), "carrier": .optional(carrier?.text), "came": .array(came.map(\.json)),
            "left": .array(left.map(\.json)), "removed": .array(removed.map { .string($0) }),
            "attention": .array(
                attention.map { ["message": .string($0.message), "status": .integer(Int64($0.status))] }),
            "readOnly": .bool(isReadOnly), "safeToRemove": .bool(safeToRemove),
        ]
    }

    fileprivate func print(_ noun: String, to console: Console) throws {
        let style = console.style
        if came.isEmpty { try console.say("came: nothing for this node") }
        for var bundle in came {
            // Why it is so is said where it is said what to do about it.
            if bundle.status != 0 { bundle.reason = "see below" }
            try console.say("came: \(bundle.sentence(style))")
        }
        if left.isEmpty { try console.say("left: nothing") }
        for bundle in left {
            let what = bundle.wasThere ? "lies there already" : "written and read back"
            try console.say(
                "left: for \(bundle.to), \(Words.count(bundle.operations, noun)), \(Words.size(bundle.bytes)), "
                    + "\(what): \(bundle.file.visible)")
        }
        for path in removed where console.isVerbose { try console.say("removed: \(path.visible)") }
        for attention in attention { try console.say("\(style.bad("attention")): \(attention.message.visible)") }
        if safeToRemove, attention.contains(where: { $0.status != 0 }) {
            try console.say(style.bad("needs attention, see above") + "; the medium itself is safe to remove")
        } else if safeToRemove {
            try console.say(style.good("safe to remove"))
        } else {
            try console.say(style.bad("not safe to remove: see above, then run this again"))
        }
    }
}

extension ExchangeReport.Left {
    fileprivate var json: JSONValue {
        [
            "to": .string(to.text), "file": .string(file), "bytes": .integer(bytes), "operations": .integer(operations),
            "wasThere": .bool(wasThere),
        ]
    }
}

extension Words {
    /// `512 bytes`, `4 KB`, `12.5 MB`: thousands, as on the package of a stick.
    fileprivate static func size(_ bytes: Int64) -> String {
        var (tenths, unit) = (bytes * 10, 0)
        let units = ["bytes", "KB", "MB", "GB"]
        while tenths >= 10_000, unit < units.count - 1 {
            tenths /= 1000
            unit += 1
        }
        let fraction = tenths % 10 == 0 || tenths >= 1000 ? "" : ".\(tenths % 10)"
        return "\(tenths / 10)\(fraction) \(units[unit])"
    }
}
