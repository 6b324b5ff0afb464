import ArgumentParser
import Nightdrop
import NightdropModel

struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show records.",
        discussion: Manual.page(
            """
            Shows one record, or all of an entity, with everything recorded here so far. With --json a line each, \
            {"entity","id","base","fields"}; give `base` back with a change of the record, so that head office knows \
            what you had seen. Where there is no such record, nothing is printed.
            """,
            examples: ["nightdrop get product 85123A", "nightdrop get product --json"],
            statuses: [.inputOutput]))

    @Argument(help: "The entity, such as product.")
    var entity: String
    @Argument(help: "The record's id; else all records.")
    var id: String?
    @Option(
        help: ArgumentHelp("At head office: the store of the record, where its entity is per store.", valueName: "id"))
    var store: String?
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let console = Console(output)
        let node = try Node.openToRead(self.node)
        var page = RecordPage()
        func show(_ record: Record) throws {
            if let store, record.store != store { return }
            if console.isJSON {
                try console.out.write(record.json + [UInt8(ascii: "\n")])
            } else if id == nil {
                try page.add(record, to: console)
            } else {
                try RecordPage.show(record, to: console)
            }
        }
        if let id {
            if let record = try node.get(entity, id, store: store) { try show(record) }
        } else {
            try node.records(entity, show)
        }
        try page.print(to: console)
        try console.out.flush()
    }
}

/// Records as tables of a few hundred rows, so that memory does not grow with their number.
struct RecordPage {
    private static let rows = 500
    private var records: [Record] = []
    private var isFirst = true

    /// Adds a record; a full page is printed.
    mutating func add(_ record: Record, to console: Console) throws {
        records.append(record)
        if records.count == RecordPage.rows { try print(to: console) }
    }

    /// Prints what has been added.
    mutating func print(to console: Console) throws {
        guard !records.isEmpty else { return }
        if !isFirst { try console.out.line("") }
        isFirst = false
        var names: [String] = []
        for field in records.flatMap(\.fields) where !names.contains(field.name) { names.append(field.name) }
        let hasStores = records.contains { $0.store != nil }
        let keys = hasStores ? ["store", "id"] : ["id"]
        let isNumber = names.map { name in records.allSatisfy { $0[name].map { $0.decimal != nil } ?? true } }
        let numbers = isNumber.indices.filter { isNumber[$0] }.map { $0 + keys.count }
        var table = Table(keys + names, numbers: Set(numbers))
        for record in records {
            let key = hasStores ? [record.store ?? "", record.id] : [record.id]
            table.add(key + names.map { record[$0]?.plain ?? "" })
        }
        try table.print(to: console)
        records.removeAll()
    }

    /// Prints one record, a field a line.
    static func show(_ record: Record, to console: Console) throws {
        let store = record.store.map { " of store \($0)" } ?? ""
        try console.out.line(console.style.bold("\(record.entity) \(record.id)\(store)".visible))
        let width = record.fields.map(\.name.count).max() ?? 0
        for field in record.fields {
            let space = String(repeating: " ", count: width - field.name.count)
            try console.out.line("  \(field.name.visible)\(space)  \(field.value.plain.visible)")
        }
    }
}
