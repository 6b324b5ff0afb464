import ArgumentParser
import Nightdrop
import NightdropFormats

struct Close: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Close the business day: seal the journal, add up control totals, write a bundle.",
        discussion: Manual.page(
            """
            Writes a bundle in any case, also of a day without sales, so that head office sees the day closed. Closing \
            a day again adds a part to it. The bundle holds everything that head office has not confirmed yet: a stick \
            that was lost is made good by the next one. When the command ends with 0, the bundle is on the medium.

            A closed day stays closed. So one that lies further ahead than tomorrow, by this till's clock, is refused as a \
            slip of the pen; --force closes it, where it is the clock that is wrong.
            """,
            examples: ["nightdrop close --to /media/stick", "nightdrop close --day 2026-11-20"],
            statuses: [.refused, .notFound, .cannotCreate, .inputOutput, .tryAgain]))

    @Option(help: ArgumentHelp("The business day, such as 2026-11-20; else today.", valueName: "date"))
    var day: Day?
    @Flag(help: "Close a day that lies further ahead than tomorrow by this till's clock.")
    var force = false
    @OptionGroup var carrier: ExportOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let terminal = try Node.terminal(node, instead: "see nightdrop days")
        try carrier.check()
        try checkDay()
        let exported = try terminal.close(day: day?.text, to: carrier.exchange, maxSize: carrier.maxSize?.bytes)
        let console = Console(output)
        let today = Terminal.today
        if let day = day?.text, day > today {
            console.note("\(day) is in the future: by this till's clock, today is \(today)")
        }
        try exported.print(to: console)
    }

    private func checkDay() throws {
        guard let day = day?.text, day > Terminal.tomorrow, !force else { return }
        throw NightdropError(
            .refused,
            "\(day) is too far ahead: by this till's clock, today is \(Terminal.today). A closed day cannot be opened again; "
                + "if the date is right and the clock is wrong, say --force")
    }
}

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a bundle for head office without closing the day.",
        discussion: Manual.page(
            """
            The bundle holds everything that head office has not confirmed yet. There is none, and the status is 0, if \
            head office has everything and knows what this till has taken in.
            """,
            examples: ["nightdrop export --to /srv/exchange", "nightdrop export --to /media/stick --max-size 2G"],
            statuses: [.refused, .notFound, .cannotCreate, .inputOutput, .tryAgain]))

    @OptionGroup var carrier: ExportOptions
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let terminal = try Node.terminal(node, instead: "see nightdrop return")
        try carrier.check()
        let exported = try terminal.export(to: carrier.exchange, maxSize: carrier.maxSize?.bytes)
        try exported.print(to: Console(output))
    }
}

/// Where a bundle goes.
struct ExportOptions: ParsableArguments {
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp(
            "A share or stick to write to, as DIR/to/HEAD-OFFICE/; else into the outbox.", valueName: "dir"),
        completion: .directory)
    var exchange: String?
    @Option(
        help: ArgumentHelp("Split into parts of at most this many bytes; K, M and G are understood.", valueName: "n"))
    var maxSize: ByteCount?

    /// A carrier is never made: a path that is missing is one that is not mounted.
    func check() throws {
        if let exchange { try GivenPaths.check([exchange]) }
    }
}

extension Exported {
    fileprivate func print(to console: Console) throws {
        if console.isJSON {
            try console.out.json(json)
        } else if let bundle {
            for day in days {
                let again = day.part > 1 ? " (part \(day.part))" : ""
                try console.say("closed \(day.day)\(again): \(Words.totals(day.totals))")
            }
            try console.say("wrote \(Words.count(operations, "operation")) to \(bundle)")
            for file in files where file != bundle { try console.say("wrote \(file)") }
        } else {
            try console.say("head office has everything; no bundle is needed")
        }
        try console.out.flush()
    }
}
