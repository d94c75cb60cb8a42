using System.Buffers;
using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.Json;

namespace Toolstack.Xapi.Database;

/// <summary>Sends a request to the coordinator and returns its answer, both JSON. Raises CANNOT_CONTACT_HOST when there was no answer in time.</summary>
public delegate Task<byte[]> RemoteExchange(ReadOnlyMemory<byte> request, TimeSpan deadline, CancellationToken cancel);

/// <summary>
/// The pool's database as a member sees it: every access asks the coordinator. A coordinator that does not answer is asked again for a
/// while, since it may be restarting; a request that may have been carried out before its answer was lost is told apart by its effect.
/// </summary>
public sealed class RemoteDatabase(RemoteExchange exchange) : XapiDatabase
{
    private static readonly Value.Text Everything = new("True");

    /// <inheritdoc/>
    public override async ValueTask<T?> Find<T>(Ref<T> self, CancellationToken cancel = default)
        where T : class
    {
        try
        {
            ImmutableArray<Value> record = await AskAsync("Read_record", cancel, Text(T.Info.Name), Text(self.ToString())).ConfigureAwait(false);
            return record is [var columns, var sets] ? (T)RemoteRecord.Read(T.Info, columns, sets) : throw Malformed("Read_record");
        }
        catch (XenApiError error) when (error.Code == "HANDLE_INVALID")
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<Ref<T>> GetByUuid<T>(string uuid, CancellationToken cancel = default)
    {
        ImmutableArray<Value> answer = await AskAsync("Db_get_by_uuid", cancel, Text(T.Info.Name), Text(uuid)).ConfigureAwait(false);
        return answer is [var reference] ? new Ref<T>(reference.AsString()) : throw Malformed("Db_get_by_uuid");
    }

    /// <inheritdoc/>
    public override async ValueTask<IReadOnlyList<KeyValuePair<Ref<T>, T>>> GetAll<T>(CancellationToken cancel = default)
    {
        ImmutableArray<Value> answer = await AskAsync("Read_records_where", cancel, Text(T.Info.Name), Everything).ConfigureAwait(false);
        if (answer is not [Value.Struct records])
        {
            throw Malformed("Read_records_where");
        }

        var all = new List<KeyValuePair<Ref<T>, T>>(records.Members.Length);
        foreach ((string reference, Value record) in records.Members)
        {
            all.Add(record.AsArray() is [var columns, var sets]
                ? new(new Ref<T>(reference), (T)RemoteRecord.Read(T.Info, columns, sets))
                : throw Malformed("Read_records_where"));
        }

        return all;
    }

    /// <inheritdoc/>
    public override async ValueTask Adopt<T>(Ref<T> self, T row, CancellationToken cancel = default)
    {
        Value columns = new Value.Struct([.. T.Info.Fields.Where(static field => !field.IsInverse)
            .Select(field => KeyValuePair.Create(field.Column, (Value)Text(ColumnText.Encode(field, row))))]);

        // Nobody else has this reference: if it is taken after an answer was lost, that answer said yes.
        await AskAsync("Create_row", static error => error is { Code: "DB_UNIQUENESS_CONSTRAINT_VIOLATION", Parameters: [_, Columns.Reference, _] }, cancel,
            Text(T.Info.Name), columns, Text(self.ToString())).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask<T> Update<T>(Ref<T> self, Func<T, T> change, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        for (int attempt = 0; attempt < DatabaseLimits.RemoteUpdateAttempts; attempt++)
        {
            T before = await Get(self, cancel).ConfigureAwait(false);
            T after = change(before);
            (Value.Struct expected, Value.Struct wanted) = Difference(before, after);
            if (wanted.Members.IsEmpty)
            {
                return before;
            }

            ImmutableArray<Value> answer = await AskAsync(RemoteRecord.WriteFieldsIf, cancel, Text(T.Info.Name), Text(self.ToString()), expected, wanted).ConfigureAwait(false);
            if (answer is [var done] && done.AsBool())
            {
                return after;
            }
        }

        throw new XenApiError("INTERNAL_ERROR", $"{T.Info.Name} {self} changed under {DatabaseLimits.RemoteUpdateAttempts} attempts to update it");
    }

    /// <inheritdoc/>
    public override async ValueTask Destroy<T>(Ref<T> self, CancellationToken cancel = default) =>
        await AskAsync("Delete_row", static error => error.Code == "HANDLE_INVALID", cancel, Text(T.Info.Name), Text(self.ToString())).ConfigureAwait(false);

    private static (Value.Struct Expected, Value.Struct Wanted) Difference(XenObject before, XenObject after)
    {
        var expected = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
        var wanted = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
        foreach (XenField field in new FieldProbe().Changed(before, after))
        {
            if (!field.IsInverse)
            {
                expected.Add(new(field.Column, Text(ColumnText.Encode(field, before))));
                wanted.Add(new(field.Column, Text(ColumnText.Encode(field, after))));
            }
        }

        return (new Value.Struct(expected.DrainToImmutable()), new Value.Struct(wanted.DrainToImmutable()));
    }

    private Task<ImmutableArray<Value>> AskAsync(string request, CancellationToken cancel, params ImmutableArray<Value> arguments) =>
        AskAsync(request, static _ => false, cancel, arguments);

    /// <param name="accepts">A refusal that, when an answer was lost before, says that the lost one was a yes.</param>
    private async Task<ImmutableArray<Value>> AskAsync(string request, Func<XenApiError, bool> accepts, CancellationToken cancel, params ImmutableArray<Value> arguments)
    {
        ReadOnlyMemory<byte> body = Encode(request, arguments);
        TimeSpan pause = DatabaseLimits.RemoteRetryFirst;
        long start = Environment.TickCount64;
        for (bool repeated = false; ; repeated = true)
        {
            try
            {
                byte[] answer = await exchange(body, DatabaseLimits.RemoteDeadline, cancel).ConfigureAwait(false);
                return Decode(request, answer, accepts, repeated);
            }
            catch (XenApiError error) when (error.Code == "CANNOT_CONTACT_HOST"
                && Environment.TickCount64 - start < DatabaseLimits.RemoteRetryDeadline.TotalMilliseconds)
            {
                await Task.Delay(pause, cancel).ConfigureAwait(false);
                pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, DatabaseLimits.RemoteRetryMost.Ticks));
            }
        }
    }

    private static ReadOnlyMemory<byte> Encode(string request, ImmutableArray<Value> arguments)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        JsonValueWriter.Write(buffer, writer => writer.Dynamic(new Value.Array([Text(request), .. arguments])));
        return buffer.WrittenCount <= DatabaseLimits.RemoteRequestBytes
            ? buffer.WrittenMemory
            : throw new XenApiError("INTERNAL_ERROR", $"database request over {nameof(DatabaseLimits.RemoteRequestBytes)} ({DatabaseLimits.RemoteRequestBytes})");
    }

    private static ImmutableArray<Value> Decode(string request, byte[] answer, Func<XenApiError, bool> accepts, bool repeated)
    {
        try
        {
            ImmutableArray<Value> items = JsonValueReader.Parse(answer).AsArray();
            if (items is not [Value.Text name, ..])
            {
                throw Malformed(request);
            }

            if (string.Equals(name.Content, request, StringComparison.OrdinalIgnoreCase))
            {
                return items[1..];
            }

            XenApiError error = RemoteError.FromWire(name.Content, items[1..]) ?? throw Malformed(request);
            return repeated && accepts(error) ? [] : throw error;
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            throw new XenApiError("INTERNAL_ERROR", $"the coordinator's answer to {request}: {error.Message}");
        }
    }

    private static Value.Text Text(string content) => new(content);

    private static XenApiError Malformed(string request) => new("INTERNAL_ERROR", $"the coordinator's answer to {request} has another form");
}
