import Foundation
import Nightdrop

/// One row of the data: an article on an invoice.
struct Row {
    let invoice: String
    let code: String
    let name: String
    let quantity: Int64
    let at: String
    /// As written, with its decimals.
    let price: String
    let customer: String?
    let country: String

    /// The reason in place of a sale: less of an article on an invoice that is no refund.
    var isStockMovement: Bool { quantity < 0 && !invoice.hasPrefix("C") }
}

/// The days of trading, a file each.
struct DataDirectory {
    static let columns = [
        "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
    ]

    /// The days in order, `2010-12-01`.
    let days: [String]
    private let path: String

    init(_ path: String, days limit: Int?) throws {
        self.path = path
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
            throw Failure("\(path) is no directory that can be read", status: 66)
        }
        let suffix = ".csv.gz"
        let found = names.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
            .filter { Timestamp.isDate($0) }.sorted()
        guard !found.isEmpty else { throw Failure("\(path) holds no files YYYY-MM-DD\(suffix)", status: 66) }
        days = Array(found.prefix(limit ?? found.count))
    }

    /// The rows of a day in the order of the file.
    func rows(of day: String) throws -> [Row] {
        let file = "\(path)/\(day).csv.gz"
        let text = try DataDirectory.inflated([UInt8](Data(contentsOf: URL(fileURLWithPath: file))))
        var rows: [Row] = []
        var isHead = true
        try CSVText.rows(text) { fields in
            if isHead {
                guard fields == DataDirectory.columns else {
                    throw Failure(
                        "\(file): the columns must be \(DataDirectory.columns.joined(separator: ","))", status: 65)
                }
                isHead = false
            } else {
                guard let row = Row(fields) else {
                    throw Failure("\(file): this is no row: \(fields.joined(separator: ","))", status: 65)
                }
                rows.append(row)
            }
        }
        return rows
    }

    private static func inflated(_ bytes: [UInt8]) throws -> [UInt8] {
        let inflater = try GzipDecompressor()
        var text: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while offset < bytes.count {
            let (read, written) = try bytes.withUnsafeBytes { input in
                try room.withUnsafeMutableBytes {
                    try inflater.inflate(UnsafeRawBufferPointer(rebasing: input[offset...]), into: $0)
                }
            }
            guard read > 0 || written > 0 else { throw Failure("the gzip file is damaged", status: 65) }
            text += room[..<written]
            offset += read
        }
        guard inflater.isAtMemberEnd else { throw Failure("the gzip file ends early", status: 65) }
        return text
    }
}

extension Row {
    /// Nil if there are not eight fields of the expected kinds.
    fileprivate init?(_ fields: [String]) {
        guard fields.count == DataDirectory.columns.count, let quantity = Int64(fields[3]),
            ExactDecimal(fields[5]) != nil, !fields[0].isEmpty, !fields[1].isEmpty
        else { return nil }
        invoice = fields[0]
        code = fields[1]
        name = fields[2]
        self.quantity = quantity
        at = fields[4]
        price = fields[5]
        // Customers are written as numbers with a decimal place: 17850.0
        customer = fields[6].isEmpty ? nil : String(fields[6].prefix { $0 != "." })
        country = fields[7]
    }
}
