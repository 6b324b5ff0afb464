import Foundation
import Nightdrop

/// A till in a hundred lines: sells, shows a sync indicator, closes the day.
///
///     ExampleTill DIRECTORY sell COFFEE 2      sells two
///     ExampleTill DIRECTORY price COFFEE 4.90  changes a price
///     ExampleTill DIRECTORY status             the bottom bar
///     ExampleTill DIRECTORY close EXCHANGE     closes the day, and takes what head office has sent
///
/// The directory is one that `nightdrop init terminal` made.
@main
struct ExampleTill {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2 else { return fail("usage: ExampleTill DIRECTORY sell|price|status|close …", 64) }
        do {
            let till = try Terminal(at: arguments[0])
            let events = till.events
            let watcher = Task { for await event in events { show(event, till) } }
            try run(till, arguments[1], Array(arguments.dropFirst(2)))
            try till.flush()
            watcher.cancel()
        } catch let error as NightdropError {
            fail(error.message, error.kind.rawValue)
        } catch {
            fail("\(error)", 70)
        }
    }

    private static func run(_ till: Terminal, _ action: String, _ words: [String]) throws {
        switch (action, words.count) {
        case ("sell", 2): try sell(till, product: words[0], quantity: words[1])
        case ("price", 2): try setPrice(till, product: words[0], price: words[1])
        case ("status", 0): print(bottomBar(try till.status()))
        case ("close", 1): try close(till, exchange: words[0])
        default: throw NightdropError(.usage, "sell PRODUCT QUANTITY, price PRODUCT PRICE, status, or close EXCHANGE")
        }
    }

    /// A sale, its payment and what leaves the stock are one transaction: all of it is on the disk when `record` returns.
    private static func sell(_ till: Terminal, product: String, quantity: String) throws {
        guard let count = Int64(quantity), count > 0 else { throw NightdropError(.usage, "\(quantity) is no quantity") }
        guard let record = try till.get("product", product), let price = record["price"]?.decimal else {
            throw NightdropError(.notFound, "there is no product \(product)")
        }
        let total = try times(price, count)
        let receipt = try nextReceipt(till)
        let line = JSONValue.array([.string(product), .integer(count), .number(price.text)])
        let recorded = try till.record([
            OperationDraft(
                .create, "sale", id: receipt,
                set: [Field("total", .decimal(total)), Field("lines", FieldValue(checkedJSON: "[\(line.compact)]"))],
                // Should the power fail before the answer, the same key makes selling again harmless.
                key: "receipt \(receipt)"),
            OperationDraft(.create, "payment", id: receipt, set: [Field("amount", .decimal(total))]),
            OperationDraft(.update, "inventory", id: product, add: [Field("quantity", .integer(-count))]),
        ])
        print("receipt \(receipt): \(count) × \(product), \(total) (operations \(recorded.first) to \(recorded.last))")
    }

    /// Whoever changes what he has read says so with `base` and `was`: head office then knows what he had seen.
    private static func setPrice(_ till: Terminal, product: String, price: String) throws {
        guard let value = ExactDecimal(price) else { throw NightdropError(.usage, "\(price) is no price") }
        guard let record = try till.get("product", product), let before = record["price"] else {
            throw NightdropError(.notFound, "there is no product \(product)")
        }
        _ = try till.record(
            OperationDraft(
                .update, "product", id: product, set: [Field("price", .decimal(value))], was: [Field("price", before)],
                base: record.base, by: "manager"))
        print("\(product) costs \(value) here until head office says otherwise")
    }

    private static func close(_ till: Terminal, exchange: String) throws {
        let closed = try till.close(to: exchange)
        print("closed \(closed.days.last?.day ?? "today"): \(closed.operations) operations in \(closed.bundle ?? "-")")
        for outcome in try till.take([exchange]) { print("from \(outcome.from ?? "?"): \(outcome.outcome.rawValue)") }
    }

    /// Receipt numbers are the till's id and its own counter: unique without asking anybody.
    private static func nextReceipt(_ till: Terminal) throws -> String {
        var count = 0
        try till.records("sale") { _ in count += 1 }
        return "\(till.settings.id)-\(count + 1)"
    }

    private static func times(_ price: ExactDecimal, _ count: Int64) throws -> ExactDecimal {
        var total = ExactDecimal.zero
        for _ in 0..<count {
            guard let sum = total.adding(price) else { throw NightdropError(.usage, "the total is too large") }
            total = sum
        }
        return total
    }

    private static func bottomBar(_ status: NodeStatus) -> String {
        let totals = status.totals
        return "\(status.node) | \(status.state.rawValue) | \(totals.pending) to send | \(totals.conflicts) in conflict"
    }

    private static func show(_ event: TerminalEvent, _ till: Terminal) {
        if case .applied(let records) = event { print("\(records) records came from head office") }
    }

    private static func fail(_ message: String, _ status: Int32) {
        FileHandle.standardError.write(Data("till: \(message)\n".utf8))
        exit(status)
    }
}
