import NightdropModel

/// Adds up control totals over scanned operations.
///
/// The sum takes the value of a create, the difference of an update, the increment of an `add`, and loses the value of a
/// delete. All of it stands in the operation's own line (`set`, `was`, `add`), so that anyone can add up again.
public struct ControlTotalsCounter: Sendable {
    private struct Row: Sendable {
        let entity: [UInt8]
        let field: [UInt8]?
        var creates: Int64 = 0
        var sum = ExactDecimal.zero
    }
    private var rows: [Row] = []
    private let fields: [[UInt8]: [UInt8]]

    /// A counter for the control fields, by entity, of a segment's header.
    public init(controlFields: [String: String]) {
        var fields: [[UInt8]: [UInt8]] = [:]
        for (entity, field) in controlFields {
            var name: [UInt8] = []
            JSONString.append(field, to: &name)
            fields[Array(entity.utf8)] = Array(name.dropFirst().dropLast())
        }
        self.fields = fields
    }

    /// Counts an operation of a buffer.
    public mutating func count(_ operation: ScannedOperation, in buffer: UnsafeRawBufferPointer) {
        let entity = buffer[operation.entity]
        let index = row(entity)
        if operation.action == .create { rows[index].creates += 1 }
        guard let field = rows[index].field else { return }
        let difference = field.withUnsafeBytes { change(of: $0, by: operation, in: buffer) }
        if let sum = rows[index].sum.adding(difference) { rows[index].sum = sum }
    }

    /// The totals so far.
    public var totals: ControlTotals {
        var entries: [String: ControlTotals.Entry] = [:]
        for row in rows where row.creates > 0 || row.sum != .zero {
            entries[String(decoding: row.entity, as: UTF8.self)] = ControlTotals.Entry(
                creates: row.creates, sum: row.field == nil ? nil : row.sum)
        }
        return ControlTotals(entries)
    }

    private mutating func row(_ entity: UnsafeRawBufferPointer) -> Int {
        for index in rows.indices where rows[index].entity.withUnsafeBytes({ $0.equals(entity) }) { return index }
        let name = Array(entity)
        rows.append(Row(entity: name, field: fields[name]))
        return rows.count - 1
    }

    private func change(
        of field: UnsafeRawBufferPointer, by operation: ScannedOperation, in buffer: UnsafeRawBufferPointer
    ) -> ExactDecimal {
        func number(_ object: ByteRange) -> ExactDecimal? {
            let value = FieldCursor.value(field, in: buffer, object)
            return value.isPresent ? ExactDecimal(json: buffer[value]) : nil
        }
        var change = number(operation.add) ?? .zero
        switch operation.action {
        case .create: change = change.adding(number(operation.set) ?? .zero) ?? change
        case .update:
            if let value = number(operation.set) {
                change = value.subtracting(number(operation.was) ?? .zero)?.adding(change) ?? change
            }
        case .delete: change = change.subtracting(number(operation.was) ?? .zero) ?? change
        }
        return change
    }
}
