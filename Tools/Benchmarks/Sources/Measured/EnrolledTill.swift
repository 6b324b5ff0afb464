import Foundation
import Nightdrop
import NightdropFiles
import NightdropFormats
import NightdropModel

/// A till that head office has enrolled and that holds a thousand products.
struct EnrolledTill {
    static let products = 1_000
    let terminal: Terminal
    private let journals: String

    init(at directory: String) throws {
        try DiskFileSystem().createDirectory(directory + "/exchange")
        let central = try Central.create(at: directory + "/central", id: Corpus.central, organisation: "Corner Shops")
        _ = try central.record(
            (0..<EnrolledTill.products).map {
                OperationDraft(
                    .create, "product", id: Till.product($0),
                    set: [field("name", "\"Article \($0)\""), field("price", "1.95"), field("vat", "19")])
            })
        let made = try Terminal.create(at: directory + "/till", id: Till.id("T", 7), store: Till.id("S", 1))
        let grant = try central.enroll(made.request, to: directory + "/exchange").grant
        guard let outcome = try made.terminal.take([grant]).first, outcome.outcome == .merged else {
            throw BenchmarkError("the till was not enrolled")
        }
        terminal = made.terminal
        journals = directory + "/till/journal"
    }

    /// The bytes of each member in the open segment, behind the first, which is the header.
    func memberSizes() throws -> [Int] {
        let files = DiskFileSystem()
        let folder = try journals + "/" + (files.names(in: journals).first ?? "")
        let name = try files.names(in: folder).last { $0.hasSuffix(".open.jsonl.gz") } ?? ""
        let bytes = try files.contents(folder + "/" + name) ?? []
        let inflater = try GzipDecompressor()
        var room = [UInt8](repeating: 0, count: 1 << 20)
        var ends: [Int] = []
        var offset = 0
        try bytes.withUnsafeBytes { input in
            try room.withUnsafeMutableBytes { output in
                while offset < input.count {
                    let members = inflater.members
                    offset += try inflater.inflate(
                        UnsafeRawBufferPointer(rebasing: input[offset...]), into: output, stopAtMember: true
                    ).read
                    if inflater.members > members { ends.append(Int(inflater.memberEnd)) }
                }
            }
        }
        return zip(ends.dropFirst(), ends).map { $0 - $1 }
    }
}

/// Drafts as a POS hands them over: `base` and `was` are left to the library.
struct DraftSource {
    private var till: Till
    private var random: SeededRandom

    init(_ number: Int, seed: UInt64) {
        till = Till(number, seed: seed)
        random = SeededRandom(seed)
    }

    /// A change of a product that the till holds.
    mutating func productUpdate() -> OperationDraft {
        OperationDraft(
            .update, "product", id: Till.product(random.below(EnrolledTill.products)),
            set: [field("price", Till.money(95 + random.below(90_000)))], by: "cashier-\(1 + random.below(4))")
    }

    /// Sales, movements and changes of products, as they come.
    mutating func next() -> OperationDraft {
        while true {
            let draft = till.next(base: 0).draft
            switch draft.entity {
            case "product": return productUpdate()
            case "sale" where draft.action == .create, "stock_movement": return draft
            default: continue
            }
        }
    }
}
