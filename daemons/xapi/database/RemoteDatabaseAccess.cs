using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Toolstack.Idl;
using Toolstack.Idl.Json;

namespace Toolstack.Xapi.Database;

/// <summary>
/// The coordinator's database as members reach it: the body of <c>POST /remote_db_access_v2</c> is a JSON array whose first item names the request
/// and whose others are its arguments; the answer is built alike, under the same name or that of an error. Values cross as column texts.
/// Whether the caller may is the caller's business: the pool secret is checked before.
/// </summary>
public sealed class RemoteDatabaseAccess
{
    private readonly LocalDatabase database;
    private readonly ImmutableArray<XenClass> classes;
    private readonly Dictionary<string, (string Name, Func<ImmutableArray<Value>, CancellationToken, ValueTask<Action<ValueWriter>>> Run)> requests;

    public RemoteDatabaseAccess(LocalDatabase database, IEnumerable<XenClass> classes)
    {
        this.database = database;
        this.classes = [.. classes.Where(static c => c.InDatabase)];
        requests = new(StringComparer.OrdinalIgnoreCase);
        AddReads();
        AddWrites();
    }

    /// <summary>The JSON answer to a request. Raises <see cref="WireFormatException"/> or <see cref="ValueFormatException"/> for what is no request
    /// (HTTP 400), and XenApiError for a failure that the protocol has no name for (HTTP 500).</summary>
    public async ValueTask<ReadOnlyMemory<byte>> HandleAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        if (body.Length > DatabaseLimits.RemoteRequestBytes)
        {
            throw new WireFormatException($"request over {nameof(DatabaseLimits.RemoteRequestBytes)} ({DatabaseLimits.RemoteRequestBytes})", 0);
        }

        ImmutableArray<Value> items = JsonValueReader.Parse(body.Span).AsArray();
        string name = items is [Value.Text first, ..] ? first.Content : throw new ValueFormatException("expected a request");
        if (!requests.TryGetValue(name, out var request))
        {
            throw new ValueFormatException($"unknown request {name}");
        }

        try
        {
            Action<ValueWriter> result = await request.Run(items[1..], cancel).ConfigureAwait(false);
            return Write(writer =>
            {
                writer.String(request.Name);
                result(writer);
            });
        }
        catch (XenApiError error) when (RemoteError.ToWire(error) is { } parts)
        {
            return Write(writer =>
            {
                foreach (string part in parts)
                {
                    writer.String(part);
                }
            });
        }
    }

    private void AddReads()
    {
        Read("Get_table_from_ref", a => Option(FindRef(a[0].AsString())?.Row.Class.Name));
        Read("Is_valid_ref", a => Bool(FindRef(a[0].AsString()) is not null));
        Read("Read_refs", a => Strings([.. database.Rows(Table(a[0])).Select(static row => row.Reference)]));
        Read("Find_refs_with_filter", a => Strings([.. Where(a[0], a[1]).Select(static row => row.Reference)]));
        Read("Read_field", a =>
        {
            string text = Columns.Read(Row(a[0], a[2]), a[1].AsString());
            return writer => writer.String(text);
        });
        Read("Read_field_where", a => ReadFieldWhere(a[0].AsStruct()));
        Read("Db_get_by_uuid", a =>
        {
            string found = database.RefByUuid(Table(a[0]), a[1].AsString()) ?? throw new XenApiError("UUID_INVALID", a[0].AsString(), a[1].AsString());
            return writer => writer.String(found);
        });
        Read("Db_get_by_uuid_opt", a => Option(database.RefByUuid(Table(a[0]), a[1].AsString())));
        Read("Db_get_by_name_label", a => Strings([.. database.RefsByName(Table(a[0]), a[1].AsString())]));
        Read("Read_record", a =>
        {
            RowView row = Row(a[0], a[1]);
            return writer => RemoteRecord.Write(row, writer);
        });
        Read("Read_records_where", a =>
        {
            RowView[] rows = [.. Where(a[0], a[1])];
            return writer =>
            {
                writer.BeginStruct(rows.Length);
                foreach (RowView row in rows)
                {
                    writer.Member(row.Reference);
                    writer.BeginArray(2);
                    RemoteRecord.Write(row, writer);
                    writer.EndArray();
                }

                writer.EndStruct();
            };
        });
    }

    private void AddWrites()
    {
        Change("Create_row", async (a, cancel) =>
        {
            XenClass info = Table(a[0]);
            XenObject row = WithColumns(info.Blank, a[1].AsStruct());
            await database.InsertAsync(info, a[2].AsString(), row, cancel).ConfigureAwait(false);
        });
        Change("Delete_row", (a, cancel) => database.DestroyAsync(Table(a[0]), a[1].AsString(), cancel));
        Change("Write_field", async (a, cancel) =>
        {
            XenField field = Columns.Find(Table(a[0]), a[2].AsString());
            string text = a[3].AsString();
            await database.UpdateUntypedAsync(Table(a[0]), a[1].AsString(), row => ColumnText.Decode(field, row, text), cancel).ConfigureAwait(false);
        });
        Change("Process_structured_field", async (a, cancel) =>
        {
            XenField field = Columns.Find(Table(a[1]), a[2].AsString());
            string reference = a[3].AsString();
            StructuredChange change = StructuredChange.Parse(a[0], a[4], a[1].AsString(), reference);
            await database.UpdateUntypedAsync(Table(a[1]), reference, row => change.Apply(field, row), cancel).ConfigureAwait(false);
        });
        Add(RemoteRecord.WriteFieldsIf, async (a, cancel) =>
        {
            (Value.Struct expected, Value.Struct wanted) = (a[2].AsStruct(), a[3].AsStruct());
            bool done = false;
            await database.UpdateUntypedAsync(Table(a[0]), a[1].AsString(), row =>
            {
                done = expected.Members.All(member => ColumnText.Encode(Columns.Find(row.Class, member.Key), row) == member.Value.AsString());
                return done ? WithColumns(row, wanted) : row;
            }, cancel).ConfigureAwait(false);
            return Bool(done);
        });
    }

    private void Read(string name, Func<ImmutableArray<Value>, Action<ValueWriter>> run) => Add(name, (arguments, _) => new(run(arguments)));

    private void Change(string name, Func<ImmutableArray<Value>, CancellationToken, ValueTask> run) => Add(name, async (arguments, cancel) =>
    {
        await run(arguments, cancel).ConfigureAwait(false);
        return static writer => writer.Null();
    });

    private void Add(string name, Func<ImmutableArray<Value>, CancellationToken, ValueTask<Action<ValueWriter>>> run)
    {
        int count = RemoteRecord.Arity(name);
        requests.Add(name, (name, (arguments, cancel) => arguments.Length == count
            ? run(arguments, cancel)
            : throw new ValueFormatException($"{name} takes {count} arguments, found {arguments.Length}")));
    }

    private XenClass Table(Value name) => classes.FirstOrDefault(c => c.Name == name.AsString())
        ?? throw new ValueFormatException($"there is no table {name.AsString()}");

    private RowView Row(Value table, Value reference) => database.View.Find(Table(table), reference.AsString())
        ?? throw new XenApiError("HANDLE_INVALID", table.AsString(), reference.AsString());

    private RowView? FindRef(string reference)
    {
        IDatabaseView view = database.View;
        return classes.Select(c => view.Find(c, reference)).FirstOrDefault(static row => row is not null);
    }

    private IEnumerable<RowView> Where(Value table, Value filter) => database.Rows(Table(table)).Where(row => RemoteFilter.Matches(filter, row));

    private Action<ValueWriter> ReadFieldWhere(Value.Struct request)
    {
        string Text(string member) => request.Find(member)?.AsString() ?? throw new ValueFormatException($"Read_field_where lacks {member}");
        (string wanted, string where, string value) = (Text("return"), Text("where_field"), Text("where_value"));
        IEnumerable<RowView> rows = database.Rows(Table(new Value.Text(Text("table")))).Where(row => Columns.Read(row, where) == value);
        return Strings([.. rows.Select(row => Columns.Read(row, wanted))]);
    }

    private static XenObject WithColumns(XenObject row, Value.Struct columns)
    {
        foreach ((string column, Value text) in columns.Members)
        {
            if (column != Columns.Reference)
            {
                row = ColumnText.Decode(Columns.Find(row.Class, column), row, text.AsString());
            }
        }

        return row;
    }

    private static Action<ValueWriter> Bool(bool value) => writer => writer.Bool(value);

    private static Action<ValueWriter> Option(string? value) => Strings(value is null ? [] : [value]);

    private static Action<ValueWriter> Strings(ImmutableArray<string> values) => writer => RemoteRecord.WriteStrings(values, writer);

    private static ReadOnlyMemory<byte> Write(Action<ValueWriter> items)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        JsonValueWriter.Write(buffer, writer =>
        {
            writer.BeginArray(0);
            items(writer);
            writer.EndArray();
        });
        return buffer.WrittenMemory;
    }
}
